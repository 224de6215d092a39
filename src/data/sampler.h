// The order of the samples of an epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace intrain {

// Fills order (its size is the number of samples) with a permutation that is a function of (seed, epoch): Fisher-Yates, for i
// from the last sample down to 1 exchange i with RandomStream{seed, kShuffle, epoch, 0}.below(i, i + 1).
void shuffle_epoch(uint64_t seed, uint32_t epoch, std::vector<int32_t>& order);

// The same length, but of each class as many places as of any other, up to one: with `labels` [places] below `classes`, of the K classes that
// have samples (numbered 0 .. K - 1 in their order) and the order of shuffle_epoch,
//   L_k = the samples of class k in that order, n_k of them
//   place j holds L_k[floor(j / K) mod n_k], k = (j + epoch) mod K
// and then, for i from the last place down to 1, i is exchanged with RandomStream{seed, kShuffle, epoch, 1}.below(i, i + 1).
void balance_epoch(uint64_t seed, uint32_t epoch, const std::vector<uint16_t>& labels, int classes, std::vector<int32_t>& order);

}  // namespace intrain
