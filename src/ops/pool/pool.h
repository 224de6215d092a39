// Pooling over NHWC images of u8, and its backward pass on E1. Each kernel takes one image.
#pragma once

#include <cstdint>

#include "base/shapes.h"

namespace intrain::ops {

// Global average: dst[c] = clamp(div_round(2^shift sum of src over the pixels, pixels), 0, 255), 1 <= pixels <= 2^24.
struct AveragePool {
  const uint8_t* src;
  int64_t pixels;
  int channels;
  int shift;  // exponent of src - exponent of dst, 0 to 16
  uint8_t* dst;
};
void global_average_pool_reference(const AveragePool& p);

// Its backward pass, dx = dy / pixels by an integer reciprocal: K = floor(log2 pixels), r = div_round(2^(15 + K), pixels) in
// (2^14, 2^15],
//   diff_src = round(diff_dst r / 2^15), of exponent exp - K; a maximum m becomes round(m r / 2^15). Exact when pixels is a power of
//   two.
struct PoolReciprocal {
  int32_t r;
  int log2;
};
PoolReciprocal pool_reciprocal(int64_t pixels);
int32_t average_pool_backward_max(int32_t max, const PoolReciprocal& reciprocal);
constexpr int average_pool_backward_exp(int exp, const PoolReciprocal& reciprocal) { return exp - reciprocal.log2; }
// AveragePool::shift
constexpr int average_pool_shift(int src_exp, int dst_exp) { return src_exp - dst_exp; }
struct AveragePoolBackward {
  const int16_t* diff_dst;  // [channels]
  int64_t pixels;
  int channels;
  int32_t r;
  int16_t* diff_src;  // [pixels][channels]
};
void global_average_pool_backward_reference(const AveragePoolBackward& p);

// Max pool; a padded tap never wins. index: which tap (kh * size + kw) won, the first of equals; size <= 15.
struct MaxPoolForward {
  MaxPoolShape shape;
  const uint8_t* src;
  uint8_t* dst;
  uint8_t* index;
};
void max_pool_reference(const MaxPoolForward& p);

// diff_src[pixel] = sum of diff_dst over the windows it won: |.| <= 225 * 32767 < 2^23.
struct MaxPoolBackward {
  MaxPoolShape shape;
  const int16_t* diff_dst;
  const uint8_t* index;
  int32_t* diff_src;
};
void max_pool_backward_reference(const MaxPoolBackward& p);

}  // namespace intrain::ops
