// A whole net on random data: training steps, or inference.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bench/setup.h"
#include "core/parallel.h"
#include "core/profile.h"
#include "nn/net.h"
#include "nn/runtime.h"

namespace intrain {

// Seconds of a step by ProfileOp, means over all steps.
using OpSeconds = std::array<double, kProfileOps>;

struct LayerTimes {
  std::string name;
  std::string shape;  // of its product; empty if it has none
  OpSeconds seconds{};
  ProductOperations operations;  // those of the steps measured: an inference has no backward passes
  double total() const;
};

struct NetTimes {
  bool training;
  int steps;
  double step_seconds;       // median
  double mean_step_seconds;  // what `seconds` adds up to
  double images_per_second;  // by the median
  double operations;         // of the products of a step
  OpSeconds seconds{};       // kOther: what no operator took
  std::vector<LayerTimes> layers;
  int64_t planned_bytes;    // the net's memory plan: all that it takes
  int64_t parameter_bytes;  // of it, stored weights and, when training, momentum
};

// Prepares and initializes the net, runs 2 steps unmeasured and then as `repeats` says. The net may not have been prepared.
NetTimes measure_net(Net& net, const BenchInput& input, bool training, std::shared_ptr<Runtime> runtime, const Repeats& repeats,
                     const BenchProgress& progress);

}  // namespace intrain
