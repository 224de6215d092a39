#include "core/reducer.h"

#include "core/error.h"

namespace intrain {

void Reducer::count(ReduceOp op, const ReduceSpan& values, Channel channel) {
  ReducerTraffic& traffic = traffic_[static_cast<size_t>(channel)];
  ++traffic.calls;
  traffic.bytes += op == ReduceOp::kSum || op == ReduceOp::kMax ? 2 * values.bytes() : values.bytes();
}

void Reducer::complete(Channel channel) {
  if (const std::optional<RankFailure> failure = finish(channel))
    throw Error("rank " + std::to_string(failure->rank) + ": " + failure->what, "", "the run goes on from its newest checkpoint");
}

}  // namespace intrain
