// What ranks tell each other beside numbers that are reduced. With one process none of it does anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/reducer.h"

namespace intrain {

// Throws Error, naming ranks, unless `here` is the same on all: "`what` of rank 0 and those of rank 1, rank 2 are not the same".
void check_same(Reducer& reducer, const std::string& what, uint64_t here, const std::string& hint);

// The text of each rank, on all.
std::vector<std::string> texts_of_ranks(Reducer& reducer, const std::string& mine);

}  // namespace intrain
