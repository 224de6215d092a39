// The first value of a parameter (docs/contract.md, "Initialization"): element i of a tensor, from the words of RandomStream{seed, kInit,
// tensor, 0}.
//
//   kHeNormal          rshift_round(z isqrt(floor(2^49 / fan)), 16)
//   kTruncatedNormal   rshift_round(z isqrt(floor(2^48 / fan)), 16), z drawn again until |z| <= 2^17: draw k from the stream of step k
//   kUniform           rshift_round((word i - 2^31) isqrt(floor(2^48 / fan)), 31)
//   kOne, kZero        2^24, 0
// z: the sum of the two 16-bit halves of each of words 6 i to 6 i + 5, less its mean, 6 * 65535: a normal number of deviation 2^16.
//
// Then onto the stored grid: W = 2^coarse rshift_round(W, coarse), clamped to +-most.
#pragma once

#include <cstdint>

#include "base/initializer.h"

namespace intrain::ops {

struct Initialize {
  Initializer initializer;
  int64_t fan;  // at least 1
  uint64_t seed;
  uint32_t tensor;  // its number in the net
  int coarse;       // 0 to 20
  int32_t most;     // a multiple of 2^coarse
  int64_t count;
  int32_t* master;  // kMasterExp
};
void initialize_reference(const Initialize& p);

// The momentum of a new net is 0, of this exponent.
constexpr int kFirstMomentumExp = -64;

}  // namespace intrain::ops
