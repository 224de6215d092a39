// What the ranks of a training exchange in a step, and what that costs on a network: by a model, and measured with waits as long as its.
#pragma once

#include <array>
#include <vector>

#include "bench/comm_trace.h"
#include "bench/setup.h"
#include "nn/net.h"

namespace intrain {

struct CommResult {
  using Traffic = ReducerTraffic;
  int steps = 0;  // measured each way
  int64_t parameters = 0;
  std::array<Traffic, kCommKinds> traffic{};  // of a step
  CommTrace trace;                            // of the median step without waits
  CommTimes model, measured;  // that step on the network; medians of the steps with waits, no time: there are none
};

// Steps of one of network.ranks ranks, of input.batch images each, as `repeats` says: half of them without waits, half with. The net may not have
// been prepared. Throws Error if so many images make no batch of the net.
CommResult measure_comm(Net& net, const BenchInput& input, const Network& network, int threads, const Repeats& repeats,
                        const BenchProgress& progress);

}  // namespace intrain
