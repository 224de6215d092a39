// From pixels to the s8 that enter the net, in integers.
//
// With n pixels a channel, S1 = sum p, S2 = sum p^2, q = floor(S1 / n), r = S1 - q n, V = sum (p - q)^2 = S2 - q (S1 + r) (all exact):
//   mean      = q 2^23 + floor(r 2^23 / n)                                      23 fraction bits
//   rest      = floor(r 2^26 / n)
//   variance  = floor(V 2^26 / n) - floor(rest^2 / 2^26)                        26 fraction bits, below 2^40
//   deviation = isqrt(variance 2^20)                                            23 fraction bits, below 2^30
//   table[p]  = clamp(div_round(32 (p 2^23 - mean), deviation), +-127)          0 where the deviation is 0
// Bounds: n <= 2^46, so V <= 2^62; r 2^26 is divided in two steps.
#pragma once

#include <cstdint>
#include <vector>

#include "base/api.h"
#include "data/dataset.h"

namespace intrain {

// From all images of `set`, of photos as evaluation sees them (the training images). Channels that `set` lacks are all zero.
// Throws Error if the set has no images, or not all that it says.
INTRAIN_API Normalization make_normalization(const Dataset& set);

// From a mean and a deviation for each channel instead, in 2^-23 of a pixel's step (0 to 255): 0 <= mean <= 255 2^23, 0 < deviation < 2^31.
// Throws Error for others, and unless there are 1 to kMaxChannels of both.
INTRAIN_API Normalization make_normalization(const std::vector<int64_t>& mean, const std::vector<int64_t>& deviation);
constexpr int kNormalizationFraction = 23;

}  // namespace intrain
