// Frozen parameters: they take neither momentum nor gradients, nothing is kept below the lowest layer that learns, and what learns does so as if
// all had been planned.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

using Frozen = std::function<bool(const Parameter&)>;

struct FrozenOutcome {
  std::map<std::string, std::vector<uint8_t>> state;
  std::vector<int32_t> logits;
  size_t bytes;  // of all buffers, of which some share memory
  std::set<std::string> buffers;
};

void freeze(Net& net, const Frozen& frozen) {
  for (Parameter* p : net.parameters()) p->frozen = frozen(*p);
}

// early: before the net plans its memory.
FrozenOutcome run(const std::function<Net()>& make, const Frozen& frozen, bool early, int threads = 1) {
  Net net = make();
  if (early) freeze(net, frozen);
  ReadyNet ready(std::move(net), 8, {.threads = threads});
  if (!early) freeze(ready.net, frozen);
  for (uint32_t step = 0; step < 3; ++step) ready.train(synthetic_batch(8, static_cast<int>(8 * step)), 100, step);
  FrozenOutcome outcome{{}, logits_of(ready.net, 8), 0, {}};
  std::vector<std::vector<uint8_t>> state = state_of(ready.net);
  for (size_t i = 0; i < state.size(); ++i) outcome.state[ready.net.state()[i].name] = state[i];
  for (const PlannedBuffer& b : ready.net.memory().buffers()) {
    outcome.buffers.insert(b.name);
    outcome.bytes += b.bytes;
  }
  return outcome;
}

std::vector<std::string> names_of(const Net& net, const Frozen& frozen) {
  std::vector<std::string> names;
  for (const Parameter* p : net.parameters())
    if (frozen(*p)) names.push_back(p->name);
  return names;
}

void expect_same(const std::function<Net()>& make, const Frozen& frozen, const std::string& title) {
  const FrozenOutcome early = run(make, frozen, true), late = run(make, frozen, false);
  EXPECT_TRUE(run(make, frozen, true, 2).state == early.state) << title << ", 2 threads";
  const std::vector<std::string> names = names_of(make(), frozen);
  EXPECT_EQ(early.logits, late.logits) << title;
  EXPECT_EQ(early.state.size() + 2 * names.size(), late.state.size()) << title << ": momentum and its exponent";
  for (const auto& [name, values] : early.state) EXPECT_TRUE(late.state.at(name) == values) << title << ", " << name;
  for (const std::string& name : names) {
    EXPECT_EQ(early.buffers.count(name + ".momentum") + early.buffers.count(name + ".grad"), 0u) << title << ", " << name;
    EXPECT_EQ(late.buffers.count(name + ".momentum") + late.buffers.count(name + ".grad"), 2u) << title << ", " << name;
  }
  if (!names.empty()) EXPECT_LT(early.bytes, late.bytes) << title;
}

// Of each net, the layers below one, one after the other.
TEST(FrozenLayers, WhatLearnsAboveThemLearnsTheSame) {
  for (Net (*make)() : {one_of_each, one_of_each_stream, inverted_residuals, padded_shortcuts}) {
    const Net net = make();
    std::vector<std::string> layers;
    for (const Parameter* p : net.parameters()) {
      const std::string layer = p->name.substr(0, p->name.find('.') + 1);
      if (layers.empty() || layers.back() != layer) layers.push_back(layer);
    }
    for (size_t learning = 1; learning < layers.size(); ++learning) {
      const std::set<std::string> below(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(learning));
      expect_same(
          make, [&](const Parameter& p) { return below.contains(p.name.substr(0, p.name.find('.') + 1)); },
          "below " + layers[learning]);
    }
  }
}

TEST(FrozenLayers, AnyParameterMayBeFrozen) {
  for (Net (*make)() : {one_of_each, one_of_each_stream, inverted_residuals}) {
    for (const char* kind : {".weight", ".gamma", ".beta", ".bias"})
      expect_same(
          make, [&](const Parameter& p) { return p.name.ends_with(kind); }, kind);
    // A lowest layer whose W is frozen needs no E2.
    expect_same(
        make, [](const Parameter& p) { return p.name == "conv0.weight"; }, "conv0.weight");
    EXPECT_EQ(run(
                  make, [](const Parameter& p) { return p.name == "conv0.weight"; }, true)
                  .buffers.count("conv0.e2"),
              0u);
  }
}

// Nothing of a backward pass: errors, E2, x_hat beyond the forward pass.
TEST(FrozenLayers, KeepNothingForAWayBack) {
  Net net = one_of_each();
  freeze(net, [](const Parameter& p) { return !p.name.starts_with("linear"); });
  ReadyNet ready(std::move(net), 8);
  const int layers = static_cast<int>(ready.net.layers().size());
  for (const PlannedBuffer& b : ready.net.memory().buffers()) {
    if (!b.name.starts_with("conv") && !b.name.starts_with("max_pool")) continue;
    const bool ever = b.first == 0 && b.last == 2 * layers + 1;
    // What the first learning layer reads is there for its gradient.
    EXPECT_TRUE(ever || b.last < layers || b.name == "max_pool8.output") << b.name << " lives until " << b.last;
    EXPECT_FALSE(b.name.ends_with(".error") || b.name.ends_with(".e2") || b.name.ends_with(".momentum")) << b.name;
  }
}

// Of resnet8 on batches of 32, the last layer alone.
TEST(FrozenLayers, TakeLittleMemory) {
  size_t bytes[2];
  for (const bool frozen : {false, true}) {
    Net net = build_model("resnet8", 12, 12, 1, 10);
    if (frozen) freeze(net, [](const Parameter& p) { return p.name.starts_with("conv"); });
    bytes[frozen] = ReadyNet(std::move(net), 32).net.memory().total_bytes();
  }
  std::printf("resnet8, 32 images: %zu bytes, %zu if all but the last layer is frozen\n", bytes[0], bytes[1]);
  EXPECT_LT(bytes[1], bytes[0] / 2);
}

TEST(FrozenLayers, AllMayBe) {
  const FrozenOutcome frozen = run(
      one_of_each, [](const Parameter&) { return true; }, true);
  ReadyNet fresh(one_of_each(), 8);
  for (const StateArray& a : fresh.net.state())
    if (a.name.ends_with(".weight") || a.name.ends_with(".gamma"))
      EXPECT_EQ(std::memcmp(frozen.state.at(a.name).data(), a.data, frozen.state.at(a.name).size()), 0) << a.name;
}

}  // namespace
}  // namespace intrain::test
