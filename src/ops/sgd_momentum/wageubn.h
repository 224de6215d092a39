// WAGEUBN's momentum optimizer (Yang et al., Neural Networks 2020), one parameter tensor, every number on a fixed grid:
//
//   v  = g + decay W          exact sum g, L2 term before the quantization; W of layers only, no decay for gamma, beta, biases
//   n  = CQ(v)                W: constant quantization, stochastic round(dr v / R), R = 2^r nearest to max |v|, clipped to +-(dr - 1)
//      = Q(v)                 others: direct quantization to 2^-(a+1), nearest, clipped to +-(2^(a+1) - 1)
//   u  = c m + n              clipped to +-(2^(a+1) - 1)
//   m' = Q(u)                 nearest to u / 4, clipped to +-(2^(a-1) - 1)
//   W' = W - l u              clipped (wageubn_most)
//
// c / 4 is the momentum, 0 <= c <= 3: a coefficient of 3 bits. m has a bits, on the grid 2^-(a-1): c m lies on 2^-(a+1), the grid of n and
// u, a + 2 bits. The rate is l 2^-f, l < 2^f: f + 1 bits. So l u lies on the grid 2^-(a+1+f) and nothing is rounded there: a + f + 2 bits
// for W in +-1, one less than those of u and the rate together. By the paper a = 13, f = 9: n and u have 15 bits on 2^-14, the rate 10, W 24
// on 2^-23. Stored parameters are integers of kMasterExp all the same, multiples of 2^coarse.
//
// The common exponent of g and decay W: decay.mantissa |W| < 2^10 2^25 at kMasterExp + decay.exp. top = the largest of grad_exp +
// bit_length(max |g|) and, with decay, kMasterExp + decay.exp + 35; E = top - 61. Both are brought to E by scale_pow2: at most 2^61 each, |v|
// <= 2^62. A term is rounded only where the two spread over more than 61 bits. Q(v) = quantize_direct(v, -E, a + 2), and CQ leaves no trace
// of E.
//
// Bounds for a <= 16, f <= 9: |c m| < 3 2^15, |n| < 2^17, |l u| < 2^26; W' < 2^25 + 2^24.
//
// Random bits of n: RandomStream{seed, kGradient, tensor, step}.bits(element).
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain::ops {

constexpr int kWageubnMomentumLog2 = 2;  // the grid of the momentum

// The largest stored parameter: 2^24 - 2^coarse, just below 1, of W; gamma, beta and biases have a bit before the binary point, because gamma starts at 1.
static constexpr int32_t wageubn_most(bool weight, int coarse) {
  return (int32_t{1} << (weight ? -kMasterExp : 1 - kMasterExp)) - (int32_t{1} << coarse);
}

// One pass over elements [begin, end), begin a multiple of 4, end at most 2^34. Of the tensor, grad_bits and momentum_exp are not read.
// Of the step: rate = {l, -f}, mom = {c, -2}, decay (mantissa 0 for what is no weight), range_log2 = log2 dr in [1, 15], momentum_bits =
// a, coarse. |W| <= wageubn_most. a + 1 + f <= 24 - coarse.
struct WageubnPass {
  SgdTensor tensor;
  SgdStep step;
  bool weight;
  int exp;    // E
  int range;  // r = nearest_log2(max |v|), read by sgd_wageubn_update only
  int64_t begin, end;
};

static_assert((3 << 15) + (1 << 17) <= 1 << 18);                          // c m + n
static_assert(wageubn_most(false, 0) + (int64_t{1} << 24) <= INT32_MAX);  // W - l u
static_assert((13 + kWageubnMomentumLog2) + 10 - 1 == 24);                // the paper's: sum, rate, stored W

// E for max |g| <= 2^62.
int wageubn_exp(const SgdTensor& tensor, const SgdStep& step, uint64_t grad_max);

uint64_t sgd_wageubn_max_reference(const WageubnPass& p);     // max |v|
uint32_t sgd_wageubn_update_reference(const WageubnPass& p);  // m = m', W = W'; max |W'|

}  // namespace intrain::ops
