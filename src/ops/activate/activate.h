// From the convolution's output to the layer's: batch normalization, an optional residual sum, ReLU with requantization to u8, or none to
// s8.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/shapes.h"
#include "base/widths.h"

namespace intrain::ops {

// How an output of the exponent `exp` is rounded from what has the exponent `from`: clamp(round(. 2^-shift), bottom, top) 2^left, with
// left = 8 - widths.a and shift = exp - from + left.
struct ActivationGrid {
  int shift, bottom, top, left;
};
constexpr ActivationGrid activation_grid(Activation activation, int exp, int from, const Widths& widths) {
  const int left = 8 - widths.a, top = activation_top(activation, widths) >> left;
  return {exp - from + left, activation == Activation::kLinear ? -top : 0, top, left};
}
// Of what batch norm leaves, z below.
constexpr ActivationGrid activation_grid(Activation activation, int exp, const Widths& widths) {
  return activation_grid(activation, exp, kFineExp + kGammaExp, widths);
}
// src_shift below, of a shortcut of the exponent `exp`.
constexpr int shortcut_shift(int exp) { return exp - kScaledExp; }

// x_hat twice: f, what the output is formed from, and its 8 bits, which are kept for the backward pass:
//   v = y mult + offset                                      2^affine_shift 2^4 x_hat (Affine of batch_norm/batch_norm.h)
//   f = clamp(round(v / 2^f_shift), +-f_limit) << f_left     exponent kFineExp = -8
//   x_hat = clamp(round(f / 2^4), +-127)                     exponent kNormalizedExp = -4
// With f_shift = affine_shift - 4, f_limit = 32767, f_left = 0, f has all of its 16 bits; with affine_shift + 8 - k, 2^(k-1) - 1 and 12 - k
// it has the k <= 8 bits of x_hat. Then
//   z = gamma f + 256 beta + 16 shortcut                     exponent kFineExp + kGammaExp = -14
//   dst = clamp(round(z / 2^shift), bottom, top)             shift = exponent of dst + 14
// A ReLU has bottom 0 and top <= 255, a dst of s8 bottom = -top >= -127.
// shortcut, at the exponent kScaledExp = -10: nothing, an activation src << src_shift (src_shift = exponent of src + 10, <= 6), or a second
// normalized value gamma2 x_hat2 + 16 beta2.
// Bounds: |v| < 2^30, and 2^(f_shift - 1) <= 2^30 more for rounding (f_shift <= 31: affine_shift <= 25, 6 more for 2 bits);
// |gamma f + 256 beta| <= 127 * 32767 + 127 * 256 < 2^22 + 2^16; 255 << 10 < 2^18; 16 (127 * 127 + 127 * 16) < 2^19: |z| < 2^23.
struct Activate {
  const int16_t* y;
  const int32_t* mult;  // mult, offset: of Affine, a channel each
  const int32_t* offset;
  const int32_t* f_shift;  // a channel each, 0 to 31
  int f_limit, f_left;
  int8_t* x_hat;  // or null: not kept
  const int8_t* gamma;
  const int8_t* beta;
  const uint8_t* src;  // or null; s8 if src_signed
  int src_shift;
  const int8_t* x_hat2;  // or null
  const int8_t* gamma2;
  const int8_t* beta2;
  int64_t rows;
  int channels;
  int shift;     // 6 to 16
  uint8_t* dst;  // s8 if bottom < 0
  bool src_signed = false;
  int bottom = 0, top = 255;
};
void activate_reference(const Activate& p);

// After a linear layer: dst = clamp(round((acc + bias) 2^-shift), 0, 255), shift = exponent of dst - exponent of acc, any sign.
// The sum is exact (s64).
struct ReluRequantize {
  const int32_t* acc;
  const int32_t* bias;  // at the exponent of acc
  int64_t rows;
  int channels;
  int shift;
  uint8_t* dst;
};
void relu_requantize_reference(const ReluRequantize& p);

// Backward of either on E1, in place: e = clamp(scale_pow2(e, -align), +-32767) where the output, at most top, is neither 0 nor top, else
// 0. Returns max |e|.
struct ReluBackward {
  int16_t* e;
  int align;  // >= -15
  const uint8_t* output;
  int64_t count;
  int top = 255;  // what saturated values are: less for narrower A
};
int32_t relu_backward_reference(const ReluBackward& p);

}  // namespace intrain::ops
