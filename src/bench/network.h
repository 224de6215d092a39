// What a collective takes on a network: the usual terms of latency and bandwidth.
#pragma once

#include <cstdint>

#include "core/reducer.h"

namespace intrain {

struct Network {
  int ranks = 16;                   // 2 on
  double latency_seconds = 1.5e-6;  // of a message
  double bytes_per_second = 12e9;   // that a rank sends, and receives at the same time

  // Of a reduction of n bytes over p ranks, L = ceil(log2 p), by Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations
  // in MPICH", Int. J. High Performance Computing Applications 19(1), 2005:
  //   kSum, kMax       the shorter of recursive doubling, L (a + n / b), and of recursive halving and doubling, 2 L a + 2 n (p - 1) / (p b)
  //   kScatteredSum    recursive halving, L a + n (p - 1) / (p b)
  //   kGather          recursive doubling, the same
  // A ring, (p - 1) a in place of each L a of the last two, is never shorter by these terms. Adding is left out: it is faster than any network here.
  double seconds(ReduceOp op, int64_t bytes) const;
};

}  // namespace intrain
