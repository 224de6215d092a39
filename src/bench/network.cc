#include "bench/network.h"

#include <algorithm>
#include <bit>

namespace intrain {

double Network::seconds(ReduceOp op, int64_t bytes) const {
  const double steps = std::bit_width(static_cast<unsigned>(ranks - 1)), send = static_cast<double>(bytes) / bytes_per_second;
  const double halving = steps * latency_seconds + send * static_cast<double>(ranks - 1) / ranks;
  const bool is_whole = op == ReduceOp::kSum || op == ReduceOp::kMax;
  return is_whole ? std::min(steps * (latency_seconds + send), 2 * halving) : halving;
}

}  // namespace intrain
