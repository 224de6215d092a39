// Ranks as threads of one process: for tests, for the sanitizers, and to see what ranks would compute without a second machine.
#pragma once

#include <functional>
#include <memory>

#include "base/api.h"
#include "core/reducer.h"

namespace intrain {

// Calls body(rank, reducer) on a thread for each rank, and returns when all are done. If one throws, the reductions of the others fail;
// passed on is what was thrown first. Throws Error for a number of ranks outside 1 .. 1024.
INTRAIN_API void run_local_ranks(int ranks, const std::function<void(int rank, std::unique_ptr<Reducer> reducer)>& body);

}  // namespace intrain
