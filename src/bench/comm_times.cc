#include "bench/comm_times.h"

#include <algorithm>

#include "bench/echo_ranks.h"
#include "core/error.h"
#include "nn/runtime.h"
#include "train/step.h"

namespace intrain {

namespace {

// Rate 1/64, momentum 29/32, decay 13/2^17: near the usual ones.
constexpr SgdStep kCommStep{{512, -15}, {928, -10}, {832, -23}, 0, 0};
constexpr int kCommWarmUpSteps = 2;

// The one of median length.
EchoRank::Step median_of(std::vector<EchoRank::Step> steps) {
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end(),
                   [](const auto& a, const auto& b) { return a.times.step_seconds < b.times.step_seconds; });
  return std::move(*middle);
}

// Of each time the median: where others use the machine too, a wait now and then lasts long.
CommTimes medians_of(const std::vector<EchoRank::Step>& steps) {
  const auto median_of_each = [&](const auto& time) {
    std::vector<double> times;
    for (const EchoRank::Step& step : steps) times.push_back(time(step.times));
    return median(times);
  };
  CommTimes result;
  result.step_seconds = median_of_each([](const CommTimes& t) { return t.step_seconds; });
  for (const auto& [layer, seconds] : steps.front().times.waits)
    result.add_wait(layer, median_of_each([&name = layer](const CommTimes& t) { return t.wait_of(name); }));
  return result;
}

}  // namespace

CommResult measure_comm(Net& net, const BenchInput& input, const Network& network, int threads, const Repeats& repeats,
                        const BenchProgress& progress) {
  const int64_t whole = int64_t{input.batch} * network.ranks;
  if (whole > INT32_MAX)
    throw Error(std::to_string(whole) + " images make no batch", Setting{"batch"}, "give fewer images, or fewer nodes");
  auto owned = std::make_unique<EchoRank>(network.ranks);
  EchoRank& rank = *owned;
  net.prepare(static_cast<int>(whole), true, std::make_shared<Runtime>(threads, std::move(owned)));
  Batch batch = random_batch(input);
  batch.total = static_cast<int>(whole);
  net.initialize(0);
  CommResult result;
  for (const Parameter* p : net.parameters()) result.parameters += p->count();
  SgdStep sgd = kCommStep;
  double spent = 0;
  const auto step = [&] {
    rank.begin_step();
    train_step(net, batch, sgd);
    ++sgd.step;
    EchoRank::Step done = rank.end_step();
    spent += done.times.step_seconds;
    return done;
  };
  for (int i = 0; i < kCommWarmUpSteps; ++i) {
    progress(0, "warming up");
    step();
  }
  std::vector<EchoRank::Step> free, delayed;
  spent = 0;
  while (!repeats.done(static_cast<int>(free.size()), spent)) {
    rank.set_network({});
    free.push_back(step());
    rank.set_network(network);
    delayed.push_back(step());
    progress(repeats.part(static_cast<int>(free.size()), spent), "training steps");
  }
  result.steps = static_cast<int>(free.size());
  result.trace = median_of(std::move(free)).trace;
  result.measured = medians_of(delayed);
  result.model = replay(result.trace, network);
  for (const CommEvent& event : result.trace.events) {
    if (event.is_end) continue;
    CommResult::Traffic& traffic = result.traffic[static_cast<size_t>(event.kind)];
    ++traffic.calls;
    traffic.bytes += event.bytes * (event.op == ReduceOp::kSum || event.op == ReduceOp::kMax ? 2 : 1);
  }
  return result;
}

}  // namespace intrain
