// ReLU with requantization to u8, or none to s8; with and without a residual sum.
#pragma once

#include <cstdint>

namespace intrain::ops {

// After batch normalization:
//   z = gamma x_hat + 16 beta + shortcut                     exponent kScaledExp = -10
//   dst = clamp(round(z / 2^shift), bottom, top)             shift = exponent of dst + 10
// A ReLU has bottom 0 and top <= 255, a dst of s8 bottom = -top >= -127.
// shortcut: nothing, an activation src << src_shift (src_shift = exponent of src + 10, <= 6), or a second normalized value
// gamma2 x_hat2 + 16 beta2. Bounds: |gamma x_hat + 16 beta| <= 18161; 255 << 6 = 16320; so |z| <= 36322: s32, and s16 with
// saturation gives the same dst, because a z beyond +-32767 is beyond 255 * 2^6 or below 0 either way (2 <= shift <= 6). Narrower A
// takes shifts to 12, and a smaller top: a z beyond +-32767 is beyond top 2^shift, at most 255 * 2^6, as well.
struct Activate {
  const int8_t* x_hat;
  const int8_t* gamma;
  const int8_t* beta;
  const uint8_t* src;  // or null; s8 if src_signed
  int src_shift;
  const int8_t* x_hat2;  // or null
  const int8_t* gamma2;
  const int8_t* beta2;
  int64_t rows;
  int channels;
  int shift;
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

// Backward of either on E1, in place: e = clamp(scale_pow2(e, -align), +-32767) where the output, at most top, is neither 0 nor top, else 0.
// Returns max |e|.
struct ReluBackward {
  int16_t* e;
  int align;  // >= -15
  const uint8_t* output;
  int64_t count;
  int top = 255;  // what saturated values are: less for narrower A
};
int32_t relu_backward_reference(const ReluBackward& p);

}  // namespace intrain::ops
