#include "core/reducer.h"

#include "core/error.h"

namespace intrain {

void Reducer::reduce(ReduceOp op, ReduceSpan values) {
  start(op, values);
  if (const std::optional<RankFailure> failure = wait())
    throw Error("rank " + std::to_string(failure->rank) + ": " + failure->what, "", "the run goes on from its newest checkpoint");
}

}  // namespace intrain
