// Stochastic gradient descent with momentum and weight decay, one parameter tensor:
//
//   G  = Q(g)                        shift quantization to grad_bits, stochastic, from the exact sum g (s64)
//   m' = Q(mom m + G + decay W)      shift quantization to momentum_bits, stochastic
//   W' = W - rate m'                 onto the stored grid 2^-24 2^coarse, stochastic; saturates at +-(2^31 - 1)
//   W' = W - rate (G + decay W + mom m')       the last with step.nesterov
//
// mom, decay and rate are 10-bit mantissas with an exponent.
//
// Arithmetic. Each term is an integer times a power of two: mom.mantissa m at e_m + mom.exp, below 2^25; G at e_g + t, below
// 2^(grad_bits - 1); decay.mantissa W at kMasterExp + decay.exp, below 2^41. top = the largest of exponent + bits over the terms
// present; all are brought to the exponent E = top - 40 by scale_pow2, so each is at most 2^40 and the sum v below 2^42. Then
// t' = quantize_shift(max |v|, momentum_bits), m' = quantize_stochastic(v, t', momentum_bits), e_m' = E + t'. The step rate.mantissa
// m' is below 2^25, and is brought to the grid by a stochastic right shift (0 from 63 bits on) or an exact left shift, saturated.
//
// Nesterov's momentum, as Sutskever et al. (ICML 2013) and PyTorch write it: the step is rate.mantissa u in place of rate.mantissa m', u = v less
// its first term, plus mom.mantissa m' by scale_pow2 to E. mom < 1 and |m'| 2^t' < 2^42, as v: |u| < 2^41 + 2^42 < 2^43, and the step is below 2^53.
// Nothing of u is rounded to momentum_bits.
//
// Without momentum (mom.mantissa = 0) no step reads m: m' is what W moves by and nothing more, so it need not be kept (momentum null).
//
// Random bits: RandomStream{seed, kGradient | kMomentum | kUpdate, tensor, step}.bits(element).
#pragma once

#include <cstdint>

#include "base/exact_sums.h"
#include "base/formats.h"
#include "base/rounding.h"
#include "base/sgd_step.h"

namespace intrain::ops {

struct SgdTensor {
  int64_t count;
  int32_t* master;
  int16_t* momentum;  // or null: none is kept, and step.mom is 0
  ExactSums grad;     // g, of s32 at most 2^30; G between the two passes (sgd_rounded)
  int momentum_exp;
  int grad_exp;
  int grad_bits;    // 2..16
  uint32_t tensor;  // number of the tensor, for the random bits
};

// max |g| over [begin, end): what comes first where it is not known.
struct SgdGradients {
  ExactSums grad;
  int64_t begin, end;
};
uint64_t sgd_grad_max_reference(const SgdGradients& p);

// What the two passes share.
struct SgdScale {
  int grad_shift;  // t
  int exp;         // E
};
SgdScale sgd_scale(const SgdTensor& p, const SgdStep& step, uint64_t grad_max);

// W' = clamp(W - clamp(2^coarse (step 2^-(down + coarse)), +-2^40), +-most), step = rate.mantissa times m' or u, below 2^53; r: the random
// bits; most = the largest multiple of 2^coarse below 2^31. down: from the step's exponent to the grid's, sgd_down.
static constexpr int32_t sgd_most(int coarse) { return INT32_MAX >> coarse << coarse; }
static constexpr int32_t sgd_new_master(int32_t master, int64_t step, int down, int coarse, uint32_t r) {
  const int shift = down + coarse;
  const int64_t delta = shift > 62 ? 0 : shift >= 0 ? rshift_stochastic(step, shift, r) : scale_pow2(step, -shift);
  const int64_t limit = int64_t{1} << (40 - coarse);
  return static_cast<int32_t>(
      clamp(master - clamp(delta, -limit, limit) * (int64_t{1} << coarse), -sgd_most(coarse), sgd_most(coarse)));
}

constexpr int kNesterovMomExp = -10;   // the largest exponent of a momentum below 1
constexpr int kMostBiasRateLog2 = 16;  // of SgdStep::bias_rate_log2: an exponent's part, so no bound rests on it

// One pass over elements [begin, end), begin a multiple of 4, end at most 2^34. For the scale and the shift of the tensor's true
// maxima: max |g| <= 2^62, scale = sgd_scale(tensor, step, max |g|), shift = quantize_shift(max |v|, momentum_bits).
struct SgdPass {
  SgdTensor tensor;
  SgdStep step;
  SgdScale scale;
  int shift;  // t', read by sgd_update only
  int64_t begin, end;
};
// down of the pass: from the exponent of rate m', or of rate u, to kMasterExp.
static constexpr int sgd_down(const SgdPass& p) {
  return kMasterExp - (p.step.rate.exp + p.scale.exp + (p.step.nesterov ? 0 : p.shift));
}
// G of element i, two bytes, from sgd_accumulate to sgd_update of the same [begin, end): v is a sum of what is there, and is formed twice instead of
// kept in more. Those of a pass follow each other from its first g on, where each has been read before.
static inline char* sgd_rounded(const SgdPass& p, int64_t i) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) {
    return reinterpret_cast<char*>(g + p.begin) + (i - p.begin) * static_cast<int64_t>(sizeof(int16_t));
  });
}
uint64_t sgd_accumulate_reference(const SgdPass& p);  // g = G, as sgd_rounded says; max |v|
uint32_t sgd_update_reference(const SgdPass& p);      // m = m', W = W'; max |W'|

// g = G, from any `begin` on. A tensor of G at e_g + t has t = 0 and the same G and E: whoever has G and not g goes on from it to the same bits.
// (|G| < 2^(grad_bits - 1), so quantize_shift is 0 and nothing is rounded again, and exponent + bits of the term is as before.)
void sgd_round_gradient_reference(const SgdPass& p);

}  // namespace intrain::ops
