#include "core/reducer.h"

namespace intrain {

std::string Reducer::name_of(int rank) const { return "rank " + std::to_string(rank); }

void Reducer::count(ReduceOp op, const ReduceSpan& values, Channel channel) {
  ReducerTraffic& traffic = traffic_[static_cast<size_t>(channel)];
  ++traffic.calls;
  traffic.bytes += op == ReduceOp::kSum || op == ReduceOp::kMax ? 2 * values.bytes() : values.bytes();
}

void Reducer::complete(Channel channel) {
  if (const std::optional<RankFailure> failure = finish(channel)) {
    LostRank lost(name_of(failure->rank) + ": " + failure->what, "",
                  "its machine or the network may tell why; start the ranks again");
    lost.rank = failure->rank;
    throw lost;
  }
}

}  // namespace intrain
