// E1, the error at activations: s16 with one exponent and one true maximum an image. It enters no matrix product.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/split_error.h"

namespace intrain::ops {

// How one image's wide error (exponent acc_exp, true maximum acc_max) plus an earlier contribution to the same tensor (s16,
// addend_exp, addend_max; maximum 0: none) become s16:
//   top = the larger of exponent + bit_length(maximum) over those that are not zero
//   exp = top - 15, or top - 14 with an addend, so that the sum of two stays within s16
//   dst = clamp(scale_pow2(acc, acc_exp - exp) + scale_pow2(addend, addend_exp - exp), +-32767)
struct ErrorScale {
  int exp;
  int acc_shift, addend_shift;  // exp - acc_exp, exp - addend_exp: positive shifts right; at least -15
};
ErrorScale error_scale(uint32_t acc_max, int acc_exp, uint32_t addend_max, int addend_exp);

// Returns max |dst|. dst may be the addend. |acc| < 2^30; scale is error_scale of the true maxima, so each operand ends within
// 2^15. addend may be null.
struct ErrorStage {
  const int32_t* acc;
  const int16_t* addend;
  ErrorScale scale;
  int64_t count;
  int16_t* dst;
};
int32_t error_stage_reference(const ErrorStage& p);

// max |src|; no element is INT32_MIN.
struct MaxAbs {
  const int32_t* src;
  int64_t count;
};
uint32_t max_abs_reference(const MaxAbs& p);

// Alignment of a tensor to one exponent: error_top is the maximum over images of exp + bit_length(max), kNoError if all are zero;
// aligned_exp is what follows from it over all ranks: top - 15, and 0 without an error.
constexpr int kNoError = INT32_MIN / 2;
constexpr int aligned_exp(int64_t top) { return top == kNoError ? 0 : static_cast<int>(top) - 15; }
int error_top(const int32_t* exp, const int32_t* max, int images);
// The shift that brings an image's error there; 0 if it is all zero, whose exponent means nothing.
constexpr int error_align(int aligned, int exp, int32_t max) { return max == 0 ? 0 : aligned - exp; }
// The largest of the images' maxima; 0 for no image.
int32_t error_max(const int32_t* max, int images);

// Shift quantization of E2, one sample, from s16 or s32: dst[i] = clamp(round(src[i] / 2^shift), +-127), 0 <= shift <= 29, to
// nearest, or stochastic (rshift_stochastic8) if `random` is not null. |src| <= 2^30. With plane.low: dst the upper plane.
struct ErrorQuantize {
  const int32_t* src32;
  const int16_t* src16;
  int64_t count;
  int shift;
  int8_t* dst;
  const ErrorRandom* random = nullptr;
  ErrorPlane plane = {};
};
void error_quantize_reference(const ErrorQuantize& p);

}  // namespace intrain::ops
