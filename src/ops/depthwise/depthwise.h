// Depthwise convolution, in which each channel has a kernel of its own: one image, NHWC. Conv2d runs its passes of 3x3 by these
// (conv2d/depthwise.cc), on all that conv2d.h says of them.
#pragma once

#include <cstdint>

namespace intrain::ops {

// Rows [first, first + rows) of a convolution of channels with themselves,
//   sum[y][x][c] = sum over i < taps_h, j < taps_w of src[y * stride + origin_h + i][x * stride + origin_w + j][c] * wei[i][j][c]
// where pixels outside the image are 0: |sum| <= 9 * 255 * 127 < 2^19. Taps are 3 x 3, or 1 or 2 each way.
// Written as it is (dst32), or staged as StageS16 (conv2d.h): clamp(round(sum / 2^shift[c]), +-32767), 0 <= shift <= 17 (dst16). Exactly one
// of the two is not null. dst[y][x] lies at (y - first) * row_step + x * pixel_step.
struct DepthwiseConv {
  const void* src;  // [h][w][channels], u8 or s8
  bool signed_src;
  int h, w, channels;
  const int8_t* wei;  // [taps_h][taps_w][channels]
  int taps_h, taps_w, stride;
  int origin_h, origin_w;
  int first, rows, cols;
  int64_t row_step, pixel_step;
  int32_t* dst32;
  int16_t* dst16;
  const int32_t* shift;  // of dst16
};
void depthwise_conv_reference(const DepthwiseConv& p);

// The weight gradient of 3x3 from rows [first, first + rows) of diff_dst:
//   diff_wei[i][j][c] += sum over y, x of src[y * stride - pad + i][x * stride - pad + j][c] * diff_dst[y][x][c]
// At most kMaxReduction pixels: the sum fits s32. stride is 1 or 2.
struct DepthwiseWeights {
  const void* src;  // [h][w][channels], u8 or s8
  bool signed_src;
  int h, w, channels;
  const int8_t* diff_dst;  // [rows of the image][cols][channels]
  int stride, pad;
  int first, rows, cols;
  int64_t* diff_wei;  // [3][3][channels]
};
void depthwise_weights_reference(const DepthwiseWeights& p);

}  // namespace intrain::ops
