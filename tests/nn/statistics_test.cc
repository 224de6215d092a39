// The mean and deviation that batch norm takes: frozen, running, or the batch's.
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "support/nets.h"
#include "support/oracle.h"

namespace intrain::test {
namespace {

TEST(Statistics, FrozenOnesStayAndMakeTrainingSeeWhatEvaluationSees) {
  const auto statistics_of = [](Net& net) {
    std::vector<int64_t> all;
    for (const StateArray& a : net.state())
      if (a.name.find(".running_") != std::string::npos)
        all.insert(all.end(), static_cast<int64_t*>(a.data), static_cast<int64_t*>(a.data) + a.count);
    return all;
  };
  for (Net (*build)() : {one_of_each, one_of_each_stream, inverted_residuals}) {
    ReadyNet ready(build(), 8, {.threads = 2});
    for (uint32_t step = 0; step < 5; ++step) ready.train(synthetic_batch(8, 8 * static_cast<int>(step)), 51, step);
    const std::vector<int64_t> before = statistics_of(ready.net);
    const auto state = state_of(ready.net);
    ready.net.freeze_statistics(true);
    for (uint32_t step = 5; step < 8; ++step) {
      ready.train(synthetic_batch(8, 8 * static_cast<int>(step)), 51, step);
      for (const int count : {8, 3}) {
        const Batch batch = synthetic_batch(count, 100);
        ready.net.forward(batch);
        const std::vector<int32_t> seen = logits_of(ready.net, count);
        ready.net.evaluate(batch);
        EXPECT_EQ(logits_of(ready.net, count), seen);
      }
    }
    EXPECT_EQ(statistics_of(ready.net), before);
    EXPECT_FALSE(state_of(ready.net) == state);
    // And move again once they are free.
    ready.net.freeze_statistics(false);
    ready.train(synthetic_batch(8), 51, 8);
    EXPECT_NE(statistics_of(ready.net), before);
  }
}

// The first step by running statistics is that by frozen ones, bit by bit; only they go on, by each batch, and the second step shows it. One
// image is enough.
TEST(Statistics, RunningOnesNormalizeAndGoOn) {
  for (Net (*build)() : {one_of_each, one_of_each_stream, inverted_residuals}) {
    const auto step = [&](Statistics statistics, uint32_t steps) {
      ReadyNet ready(build(), 1);
      ready.net.set_statistics(statistics);
      for (uint32_t i = 0; i < steps; ++i) ready.train(synthetic_batch(1, static_cast<int>(i)), 51, i);
      std::vector<std::vector<uint8_t>> state = state_of(ready.net), running;
      for (const StateArray& a : ready.net.state()) {
        if (a.type != ElementType::kS64) continue;
        running.push_back(state.back());  // they come last
        state.pop_back();
      }
      return std::pair(state, running);
    };
    const auto frozen = step(Statistics::kFrozen, 1), moving = step(Statistics::kRunning, 1);
    EXPECT_TRUE(frozen.first == moving.first);
    for (size_t i = 0; i < frozen.second.size(); ++i) EXPECT_NE(frozen.second[i], moving.second[i]);
    EXPECT_FALSE(step(Statistics::kFrozen, 2).first == step(Statistics::kRunning, 2).first);
  }
}

// The running statistics approach those of the one batch that is ever seen: then both passes compute the same function.
TEST(Statistics, RunningOnesConvergeToTheBatch) {
  ReadyNet ready(one_of_each(), 16);
  const Batch batch = synthetic_batch(16);
  for (int i = 0; i < 120; ++i) ready.net.forward(batch);
  const std::vector<double> forward = to_real(logits_of(ready.net, 16), 0);
  ready.net.evaluate(batch);
  EXPECT_GE(cosine(to_real(logits_of(ready.net, 16), 0), forward), 0.999);
}

}  // namespace
}  // namespace intrain::test
