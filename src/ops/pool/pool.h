// Pooling over NHWC images of u8, and its backward pass on E1.
#pragma once

#include <cstdint>

namespace intrain::ops {

// Global average: dst[c] = clamp(div_round(2^shift sum of src over the pixels, pixels), 0, 255), one image.
// shift = exponent of src - exponent of dst, >= 0.
void global_average_pool_reference(const uint8_t* src, int64_t pixels, int channels, int shift, uint8_t* dst);

// Its backward pass, dx = dy / pixels by an integer reciprocal: K = floor(log2 pixels), r = div_round(2^(15 + K), pixels) in
// (2^14, 2^15],
//   dst = round(e r / 2^15), of exponent exp - K; a maximum m becomes round(m r / 2^15). Exact when pixels is a power of two.
struct PoolReciprocal {
  int32_t r;
  int log2;
};
PoolReciprocal pool_reciprocal(int64_t pixels);
void global_average_pool_backward_reference(const int16_t* diff_dst, int64_t pixels, int channels, int32_t r, int16_t* diff_src);

// Max pool of one image; a padded tap never wins. index: which tap (kh * size + kw) won, the first of equals; size <= 15.
struct MaxPool {
  int h, w, c;
  int size, stride, pad;  // pad < size
  int oh() const { return (h + 2 * pad - size) / stride + 1; }
  int ow() const { return (w + 2 * pad - size) / stride + 1; }
};
void max_pool_reference(const MaxPool& p, const uint8_t* src, uint8_t* dst, uint8_t* index);
// diff_src[pixel] = sum of diff_dst over the windows it won: |.| <= 225 * 32767 < 2^23.
void max_pool_backward_reference(const MaxPool& p, const int16_t* diff_dst, const uint8_t* index, int32_t* diff_src);

}  // namespace intrain::ops
