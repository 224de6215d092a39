// The order of the samples of an epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace intrain {

// Fills order (its size is the number of samples) with a permutation that is a function of (seed, epoch): Fisher-Yates, for i
// from the last sample down to 1 exchange i with RandomStream{seed, kShuffle, epoch, 0}.below(i, i + 1).
void shuffle_epoch(uint64_t seed, uint32_t epoch, std::vector<int32_t>& order);

}  // namespace intrain
