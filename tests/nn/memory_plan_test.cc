#include "nn/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/buffer.h"
#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

// What holds of every packed plan. Returns the first thing that does not, or nothing.
std::string broken(const MemoryPlan& plan) {
  const std::vector<PlannedBuffer>& all = plan.buffers();
  size_t end = 0, sum = 0, live_most = 0;
  int last = 0;
  for (const PlannedBuffer& b : all) {
    if (b.first > b.last) return b.name + " ends before it begins";
    if (b.offset % kAlignment != 0 || b.bytes % kAlignment != 0) return b.name + " is not aligned";
    end = std::max(end, b.offset + b.bytes);
    sum += b.bytes;
    last = std::max(last, b.last);
  }
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const PlannedBuffer &a = all[i], &b = all[j];
      const bool together = a.first <= b.last && b.first <= a.last;
      if (together && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes) return a.name + " overlaps " + b.name;
    }
  for (int time = 0; time <= last; ++time) {
    size_t live = 0;
    for (const PlannedBuffer& b : all)
      if (b.first <= time && time <= b.last) live += b.bytes;
    live_most = std::max(live_most, live);
  }
  if (plan.total_bytes() != end) return "the total is not the end of the last buffer";
  if (plan.total_bytes() > sum) return "the total exceeds the sum of all buffers";
  if (plan.total_bytes() < live_most) return "the total is below what lives at once";
  return {};
}

size_t sum_of_buffers(const MemoryPlan& plan) {
  size_t sum = 0;
  for (const PlannedBuffer& b : plan.buffers()) sum += b.bytes;
  return sum;
}

TEST(MemoryPlan, RandomBuffersNeverOverlap) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    MemoryPlan plan;
    const int64_t count = rng.range(0, 60), times = rng.range(1, 40), largest = int64_t{1} << rng.range(0, 20);
    std::vector<size_t> asked;
    for (int64_t i = 0; i < count; ++i) {
      const int a = static_cast<int>(rng.range(0, times)), b = static_cast<int>(rng.range(0, times));
      asked.push_back(static_cast<size_t>(rng.range(0, largest)));
      EXPECT_EQ(plan.add("buffer" + std::to_string(i), asked.back(), std::min(a, b), std::max(a, b)), i);
    }
    plan.pack();
    ASSERT_EQ(broken(plan), "") << "round " << round;
    for (int64_t i = 0; i < count; ++i)
      ASSERT_GE(plan.buffers()[static_cast<size_t>(i)].bytes, asked[static_cast<size_t>(i)]) << "round " << round;
  }
}

TEST(MemoryPlan, BuffersThatNeverMeetShareMemoryAndOthersDoNot) {
  MemoryPlan plan;
  plan.add("early", 1000, 0, 1);
  plan.add("late", 900, 2, 3);
  plan.add("touches both", 100, 1, 2);
  plan.pack();
  EXPECT_EQ(plan.buffers()[0].offset, plan.buffers()[1].offset);
  EXPECT_EQ(plan.total_bytes(), align_up(1000) + align_up(100));
}

// At the bottom, in the order in which they were asked for; others begin above them.
TEST(MemoryPlan, WhatLivesAllTheTimeLiesAtTheBottom) {
  MemoryPlan plan;
  plan.add("passing", 5000, 1, 2);
  plan.add("first", 100, 0, 9);
  plan.add("second", 1000, 0, 9);
  plan.add("late", 10, 3, 9);
  plan.pack();
  EXPECT_EQ(broken(plan), "");
  EXPECT_EQ(plan.buffers()[1].offset, 0u);
  EXPECT_EQ(plan.buffers()[2].offset, align_up(100));
  EXPECT_EQ(plan.buffers()[0].offset, align_up(100) + align_up(1000));
  EXPECT_EQ(plan.buffers()[3].offset, align_up(100) + align_up(1000));
}

// All that a checkpoint holds, but for the exponents of momenta.
TEST(MemoryPlan, HoldsTheStateOfTheNet) {
  ReadyNet ready(one_of_each(), 4);
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (const StateArray& a : ready.net.state()) {
    if (a.name.ends_with("_exp")) continue;
    const uintptr_t at = reinterpret_cast<uintptr_t>(a.data);
    low = std::min(low, at);
    high = std::max(high, at + static_cast<uintptr_t>(a.count * element_bytes(a.type)));
  }
  EXPECT_LE(high - low, ready.net.memory().total_bytes());
  size_t state = 0;
  for (const PlannedBuffer& b : ready.net.memory().buffers())
    state += b.name == "conv0.weight" || b.name == "conv0.weight.momentum";
  EXPECT_EQ(state, 2u);
}

TEST(MemoryPlan, HoldsForTheNets) {
  for (const bool training : {true, false})
    for (const char* name : {"resnet20", "resnet20_v2", "mlp", "mobilenet_v2"}) {
      const ReadyNet ready(build_model(name, 32, 32, 3, 10), 4, {.threads = 2, .training = training});
      EXPECT_EQ(broken(ready.net.memory()), "") << name << (training ? ", training" : ", evaluation");
    }
  for (const bool training : {true, false})
    for (Net (*build)() : {one_of_each, one_of_each_stream, inverted_residuals})
      EXPECT_EQ(broken(ReadyNet(build(), 7, {.threads = 3, .training = training}).net.memory()), "");
}

// Of what does not live all the time, as parameters do.
TEST(MemoryPlan, PackingSavesMemory) {
  size_t totals[2];
  for (const bool training : {true, false}) {
    const ReadyNet ready(build_model("resnet20", 32, 32, 3, 10), 4, {.training = training});
    const MemoryPlan& plan = ready.net.memory();
    const int ever = 2 * static_cast<int>(ready.net.layers().size()) + 1;
    size_t lasting = 0;
    for (const PlannedBuffer& b : plan.buffers())
      if (b.first == 0 && b.last == ever) lasting += b.bytes;
    const size_t packed = plan.total_bytes() - lasting, sum = sum_of_buffers(plan) - lasting;
    std::printf("resnet20, 4 images, %s: %zu of %zu bytes, and %zu that last\n", training ? "training" : "evaluation", packed,
                sum, lasting);
    EXPECT_GT(lasting, static_cast<size_t>(ready.net.parameter_count()) * (training ? 7 : 5));
    EXPECT_LT(packed, sum * (training ? 6 : 3) / 10);
    totals[training] = plan.total_bytes();
  }
  EXPECT_LT(totals[false], totals[true]);
}

}  // namespace
}  // namespace intrain::test
