// Stochastic gradient descent with momentum and weight decay, one parameter tensor:
//
//   G  = Q(g)                        shift quantization to grad_bits, stochastic, from the exact sum g (s64, or s32)
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
  ExactSums grad;     // g, of s32 at most 2^30
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

// What the passes share.
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
uint64_t sgd_max_reference(const SgdPass& p);     // max |v|
uint32_t sgd_update_reference(const SgdPass& p);  // m = m', W = W'; max |W'|

// All that is wanted of max |v| is t', its length in bits, and nearly always that is known without a random number and without 64 bits:
//
//   r = floor(g / 2^t) + 1/2, floor(mom m) and floor(decay W), each at E + 12
//
// G is floor(g / 2^t) or 1 more (quantization to nearest too; clamped, it is still one of the two), so that r is off by half a unit of G, by less
// than one for each shift to the right, and by what 11 bits less of W make: |v 2^-12 - r| < error. Terms of v are at most 2^40, those of r 2^28.
constexpr int kSgdRoughLog2 = 12;
struct SgdRough {
  int32_t mom, decay;
  int grad_left, grad_right, mom_left, mom_right, decay_right;
  int32_t half, error;
};
static constexpr int sgd_right(int shift) { return shift < 0 ? 0 : shift > 31 ? 31 : shift; }
static constexpr SgdRough sgd_rough_scale(const SgdPass& p) {
  const Scalar10 &mom = p.step.mom, &decay = p.step.decay;
  const int unit = p.scale.exp + kSgdRoughLog2;
  // At most 28 - (grad_bits - 1), 28 - 25, and 13 or more to the right. A mantissa of 0 sets no bound to its shift, and needs none.
  const int g = p.tensor.grad_exp + p.scale.grad_shift - unit;
  const int m = mom.mantissa == 0 ? 0 : p.tensor.momentum_exp + mom.exp - unit;
  const int w = decay.mantissa == 0 ? 40 : unit - kMasterExp - decay.exp;
  const int32_t half = g > 0 ? 1 << (g - 1) : 0;
  // 2^10 2^(11 - w) of the bits of W, 1 of each shift, 1 of the unit of G where that is none here, and 1 of the terms of v, which are rounded.
  const int32_t error = (half > 0 ? half : 2) + 1 + (w < 21 ? 1 << (21 - w) : 1) + 1 + 1;
  return {mom.mantissa,  decay.mantissa,    g > 0 ? g : 0, sgd_right(-g), m > 0 ? m : 0,
          sgd_right(-m), sgd_right(w - 11), half,          error};
}
// Of floor(g / 2^t), m and W.
[[gnu::always_inline]] static constexpr int32_t sgd_rough_sum(const SgdRough& s, int32_t g, int32_t m, int32_t w) {
  return (g * (1 << s.grad_left) >> s.grad_right) + s.half + (s.mom * m * (1 << s.mom_left) >> s.mom_right) +
         ((w >> 11) * s.decay >> s.decay_right);
}
uint32_t sgd_rough_reference(const SgdPass& p);  // max |r|
// t' of max |r|, or -1 where that does not tell.
static constexpr int sgd_rough_shift(const SgdPass& p, uint64_t max) {
  const auto error = static_cast<uint64_t>(sgd_rough_scale(p).error);
  const int least = quantize_shift((max > error ? max - error : 0) << kSgdRoughLog2, p.step.momentum_bits);
  return least == quantize_shift((max + error) << kSgdRoughLog2, p.step.momentum_bits) ? least : -1;
}

// g = G, from any `begin` on. A tensor of G at e_g + t has t = 0 and the same G and E: whoever has G and not g goes on from it to the same bits.
// (|G| < 2^(grad_bits - 1), so quantize_shift is 0 and nothing is rounded again, and exponent + bits of the term is as before.)
void sgd_round_gradient_reference(const SgdPass& p);

}  // namespace intrain::ops
