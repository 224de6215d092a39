// The loss of an image as it is added up, so that a sum is the same in any order and over any number of ranks.
#pragma once

#include <cstdint>

namespace intrain {

constexpr int kLossExp = -20;                                // rounded to this once an image, to nearest
constexpr int64_t kMostLoss = (int64_t{1} << 32) - 1;        // what is larger counts as this: 4096, far beyond a net that learns
constexpr int64_t kMostLossImages = (int64_t{1} << 31) - 1;  // of a data set, a batch, an epoch: s32 counts them
static_assert(kMostLoss <= INT64_MAX / kMostLossImages);     // so that no sum leaves s64

}  // namespace intrain
