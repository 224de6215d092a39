// Stochastic gradient descent with momentum and weight decay, one parameter tensor:
//
//   G  = Q(g)                        shift quantization to grad_bits, stochastic, from the exact sum g (s64)
//   m' = Q16(mom m + G + decay W)    shift quantization to s16, stochastic
//   W' = W - rate m'                 onto the stored grid 2^-24, stochastic; saturates at +-(2^31 - 1)
//
// mom, decay and rate are 10-bit mantissas with an exponent.
//
// Arithmetic. Each term is an integer times a power of two: mom.mantissa m at e_m + mom.exp, below 2^25; G at e_g + t, below
// 2^(grad_bits - 1); decay.mantissa W at kMasterExp + decay.exp, below 2^41. top = the largest of exponent + bits over the terms
// present; all are brought to the exponent E = top - 40 by scale_pow2, so each is at most 2^40 and the sum v below 2^42. Then
// t' = quantize_shift(max |v|, 16), m' = quantize_stochastic(v, t', 16), e_m' = E + t'. The step rate.mantissa m' is below 2^25,
// and is brought to 2^-24 by a stochastic right shift (0 from 63 bits on) or an exact left shift, saturated.
//
// Random bits: RandomStream{seed, kGradient | kMomentum | kUpdate, tensor, step}.bits(element).
#pragma once

#include <cstdint>

namespace intrain::ops {

// mantissa * 2^exp, 0 <= mantissa < 1024.
struct Scalar10 {
  int32_t mantissa = 0;
  int32_t exp = 0;
};

struct SgdTensor {
  int64_t count;
  int32_t* master;
  int16_t* momentum;
  int64_t* grad;  // g in; holds v between the two passes
  int momentum_exp;
  int grad_exp;
  int grad_bits;    // 2..16
  uint32_t tensor;  // number of the tensor, for the random bits
};

struct SgdStep {
  Scalar10 rate, mom, decay;
  uint64_t seed;
  uint32_t step;
};

// What the three passes share.
struct SgdScale {
  int grad_shift;  // t
  int exp;         // E
};
SgdScale sgd_scale(const SgdTensor& p, const SgdStep& step, uint64_t grad_max);

// The passes over elements [begin, end), begin a multiple of 4.
uint64_t sgd_grad_max_reference(const SgdTensor& p, int64_t begin, int64_t end);  // max |g|
uint64_t sgd_accumulate_reference(const SgdTensor& p, const SgdStep& step, const SgdScale& scale, int64_t begin,
                                  int64_t end);  // g = v; max |v|
void sgd_update_reference(const SgdTensor& p, const SgdStep& step, const SgdScale& scale, int shift, int64_t begin, int64_t end);

}  // namespace intrain::ops
