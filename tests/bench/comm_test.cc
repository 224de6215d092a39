#include <gtest/gtest.h>

#include <algorithm>

#include "bench/comm_times.h"
#include "bench/comm_trace.h"
#include "bench/echo_ranks.h"
#include "bench/network.h"
#include "core/local_ranks.h"
#include "models/models.h"
#include "train/step.h"

namespace intrain {
namespace {

TEST(Network, TakesTheFasterWay) {
  const Network network{8, 1e-3, 1e6};
  // 3 steps of latency; all bytes thrice, or seven eighths of them twice.
  EXPECT_NEAR(network.seconds(ReduceOp::kMax, 8), 3 * (1e-3 + 8e-6), 1e-12);
  EXPECT_NEAR(network.seconds(ReduceOp::kSum, 8'000'000), 6e-3 + 2 * 7.0 / 8 * 8, 1e-9);
  EXPECT_NEAR(network.seconds(ReduceOp::kScatteredSum, 8'000'000), 3e-3 + 7, 1e-9);
  EXPECT_NEAR(network.seconds(ReduceOp::kGather, 8'000'000), 3e-3 + 7, 1e-9);
  EXPECT_NEAR((Network{9, 1e-3, 1e6}.seconds(ReduceOp::kMax, 0)), 4e-3, 1e-12);  // not a power of two
}

// With no bandwidth to speak of: 1 s a reduction of two ranks.
constexpr Network kSlow{2, 1, 1e30};
constexpr Channel kSmall = Channel::kSmall, kGrads = Channel::kGradients;

TEST(CommTrace, WaitsForWhatIsNotDone) {
  CommTrace trace;
  trace.compute_seconds = 5;
  trace.events = {{1, kSmall, false, ReduceOp::kMax, CommKind::kScales, 8, "a"},
                  {1, kSmall, true},
                  {2, kSmall, false, ReduceOp::kMax, CommKind::kScales, 8, "b"},
                  {2, kSmall, true}};
  const CommTimes times = replay(trace, kSlow);
  EXPECT_DOUBLE_EQ(times.step_seconds, 7);
  EXPECT_DOUBLE_EQ(times.wait_of("a"), 1);
  EXPECT_DOUBLE_EQ(times.wait_of("b"), 1);
  EXPECT_DOUBLE_EQ(times.wait_of("c"), 0);
}

// One is hidden by computing, the second waits for the network first.
TEST(CommTrace, WhatIsComputedMeanwhileHides) {
  CommTrace trace;
  trace.compute_seconds = 3;
  trace.events = {{0, kGrads, false, ReduceOp::kSum, CommKind::kGradients, 8, "a"},
                  {0.5, kGrads, false, ReduceOp::kSum, CommKind::kGradients, 8, "b"},
                  {1.5, kGrads, true},
                  {1.5, kGrads, true}};
  const CommTimes times = replay(trace, kSlow);
  EXPECT_DOUBLE_EQ(times.wait_of("a"), 0);
  EXPECT_DOUBLE_EQ(times.wait_of("b"), 0.5);
  EXPECT_DOUBLE_EQ(times.step_seconds, 3.5);
}

TEST(CommTrace, IsScaledToAnotherMachine) {
  CommTrace trace;
  trace.compute_seconds = 4;
  trace.events = {{1, kSmall, false, ReduceOp::kSum, CommKind::kGradients, 8, "a"}, {3, kSmall, true}};
  EXPECT_DOUBLE_EQ(replay(scaled(trace, 4), kSlow).step_seconds, 4);
  EXPECT_DOUBLE_EQ(replay(scaled(trace, 1), kSlow).step_seconds, 1.5);
}

// Echoes are what ranks with the same images are: they reduce as much, and compute the same activations.
TEST(EchoRank, IsOneOfRanksWithTheSameImages) {
  constexpr int kRanks = 3;
  const BenchInput input{12, 12, 1, 10, 4};
  constexpr SgdStep kStep{{512, -15}, {928, -10}, {832, -23}, 0, 0};
  const auto batch_of = [&](int rank) {
    Batch batch = random_batch(input);
    batch.first = rank * input.batch;
    batch.total = kRanks * input.batch;
    return batch;
  };
  const auto logits_after = [&](Net& net, int rank) {
    net.initialize(0);
    const Batch batch = batch_of(rank);
    net.forward(batch);
    return std::vector<int32_t>(net.logits(), net.logits() + input.batch * 10);
  };
  ReducerTraffic traffic[kRanks][Reducer::kChannels];
  std::vector<int32_t> logits[kRanks];
  const auto traffic_of = [&](const Reducer& reducer, ReducerTraffic* to) {
    to[0] = reducer.traffic(kSmall);
    to[1] = reducer.traffic(kGrads);
  };
  run_local_ranks(kRanks, [&](int rank, std::unique_ptr<Reducer> reducer) {
    Net net = build_model("resnet8", 12, 12, 1, 10);
    net.prepare(kRanks * input.batch, true, std::make_shared<Runtime>(1, std::move(reducer)));
    logits[rank] = logits_after(net, rank);
    train_step(net, batch_of(rank), kStep);
    traffic_of(net.runtime().reducer(), traffic[rank]);
  });

  auto owned = std::make_unique<EchoRank>(kRanks);
  EchoRank& echo = *owned;
  Net net = build_model("resnet8", 12, 12, 1, 10);
  net.prepare(kRanks * input.batch, true, std::make_shared<Runtime>(1, std::move(owned)));
  echo.begin_step();
  EXPECT_EQ(logits_after(net, 0), logits[0]);
  train_step(net, batch_of(0), kStep);
  const EchoRank::Step step = echo.end_step();
  ReducerTraffic told[Reducer::kChannels], all;
  traffic_of(echo, told);
  for (int channel = 0; channel < Reducer::kChannels; ++channel) {
    for (const auto& rank : traffic) EXPECT_EQ(told[channel].calls, rank[channel].calls);
    all.calls += told[channel].calls;
  }
  EXPECT_EQ(told[0].bytes, traffic[0][0].bytes);
  // Other random bits, other gradients: some take more or fewer bits.
  EXPECT_NEAR(static_cast<double>(told[1].bytes) / static_cast<double>(traffic[0][1].bytes), 1, 0.5);
  EXPECT_EQ(std::count_if(step.trace.events.begin(), step.trace.events.end(), [](const CommEvent& e) { return !e.is_end; }),
            all.calls);
  // What a gradient takes is told of its own layer, though others are computed by then.
  for (const char* layer : {"conv0", "conv1", "conv5"})
    EXPECT_EQ(std::count_if(step.trace.events.begin(), step.trace.events.end(),
                            [&](const CommEvent& e) { return !e.is_end && e.channel == kGrads && e.layer == layer; }),
              4)
        << layer;
}

TEST(CommTimes, CountsByKind) {
  Net net = build_model("resnet8", 12, 12, 1, 10);
  int64_t channels = 0;  // of batch norm
  for (const auto& layer : net.layers())
    if (const auto product = layer->product(); product && layer->name().starts_with("conv")) channels += product->shape.k;
  const CommResult result =
      measure_comm(net, {12, 12, 1, 10, 4}, {3, 1e-4, 1e9}, 1, {2, 0, 1}, [](double, const std::string&) {});
  const auto traffic = [&](CommKind kind) { return result.traffic[static_cast<size_t>(kind)]; };
  EXPECT_EQ(traffic(CommKind::kStatistics).calls, 9);
  EXPECT_EQ(traffic(CommKind::kStatistics).bytes, 2 * 2 * 8 * channels);
  EXPECT_EQ(traffic(CommKind::kErrors).bytes, 2 * 2 * 8 * channels);
  EXPECT_GT(traffic(CommKind::kScales).calls, 18);
  EXPECT_GT(traffic(CommKind::kGradients).bytes, 0);
  EXPECT_GT(result.measured.wait_seconds(), 0);
  EXPECT_DOUBLE_EQ(result.model.step_seconds, result.trace.compute_seconds + result.model.wait_seconds());
}

}  // namespace
}  // namespace intrain
