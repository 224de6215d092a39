// Whether all ranks have the same state: each computes all of it, so that one whose memory or processor went wrong shows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/reducer.h"
#include "nn/state.h"

namespace intrain {

// Throws Error on all ranks unless all have the same state after `step`: it names the first array that differs, and the rank whose hash of it is
// not that of most others. A reduction of 16 bytes; with one process nothing is done.
void check_same_state(Reducer& reducer, const std::vector<StateArray>& state, int64_t step);

}  // namespace intrain
