// 2-d convolution: forward, backward data, backward weights. Layouts: images NHWC, weights K KH KW C/groups.
//
//   forward           y[n][oh][ow][k]   = sum x[n][oh*s - p + kh][ow*s - p + kw][c] * w[k][kh][kw][c]
//   backward data     dx[n][h][w][c]    = sum dy[n][oh][ow][k] * w[k][kh][kw][c]    over oh*s - p + kh = h, ow*s - p + kw = w
//   backward weights  dw[k][kh][kw][c]  = sum x[n][oh*s - p + kh][ow*s - p + kw][c] * dy[n][oh][ow][k]
//
// p of the rows is at most KH - 1 (ConvShape::pad_h), so that a signal, an image of one row, keeps one.
// x is u8 (activations) or s8 (image input), w and dy are s8; taps outside the image are 0; c runs over the group of k.
// A linear layer is the convolution with H = W = KH = KW = 1.
#pragma once

#include <cstdint>

#include "base/exact_sums.h"
#include "base/shapes.h"
#include "ops/gemm/gemm.h"

namespace intrain::ops {

// Scalar definitions over `images` images. `src` is read as u8 or s8 by shape.signed_src.
// Bounds, checked by Conv2d: fan_in, taps * group_k and dst_pixels at most kMaxReduction.
void conv2d_forward_reference(const ConvShape& shape, int images, const void* src, const int8_t* wei, int32_t* dst);
void conv2d_backward_data_reference(const ConvShape& shape, int images, const int8_t* diff_dst, const int8_t* wei,
                                    int32_t* diff_src);
// Adds to diff_wei.
void conv2d_backward_weights_reference(const ConvShape& shape, int images, const void* src, const int8_t* diff_dst,
                                       int64_t* diff_wei);

// Staging: dst = round(acc / 2^s[k]) in s16, with s[k] from the bound |acc| <= amax * sum |w[k]|, amax = 255 (u8) or 127 (s8): it
// cannot saturate.
int staging_shift(int64_t amax, int64_t weight_l1);

// dst[r * ldd + c] = clamp(round(acc[r * lda + c] / 2^shift[c]), +-32767); |acc| < 2^31 - 2^17, 0 <= shift <= 17. The clamp acts only for
// a shift below staging_shift.
constexpr int kMaxStagingShift = 17;
struct StageS16 {
  const int32_t* acc;
  int64_t lda;
  int64_t rows;
  int channels;
  const int32_t* shift;
  int16_t* dst;
  int64_t ldd;
};
void stage_s16_reference(const StageS16& p);

// Packing for the register tile, as PackFormat (gemm.h) says, of any format.

// dst[i] = src[i], packed.
struct PackRow {
  const uint8_t* src;
  int64_t count;
  PackFormat format;
  void* dst;
};
void pack_row_reference(const PackRow& p);

// dst[c * dst_stride + r] = src[r * src_stride + c], packed; strides in elements.
struct PackTranspose {
  const uint8_t* src;
  int64_t src_stride;
  int rows, cols;
  PackFormat format;
  void* dst;
  int64_t dst_stride;
};
void pack_transpose_reference(const PackTranspose& p);

// Rows as the reduction of a matrix b: dst[(t * width + c) * depth + j] = src[(t * depth + j) * src_stride + c], packed, for t < steps,
// c < width, j < depth of the format; a packed 0 where t * depth + j >= rows or c >= cols.
struct PackInterleave {
  const uint8_t* src;
  int64_t src_stride;
  int rows, cols;
  PackFormat format;
  void* dst;
  int steps, width;
};
void pack_interleave_reference(const PackInterleave& p);

// Columns as the reduction: dst[(t * width + n) * depth + j] = src[n * src_stride + t * depth + j], packed, for t < steps, n < width,
// j < depth; a packed 0 where n >= rows or t * depth + j >= cols.
struct PackUnits {
  const uint8_t* src;
  int64_t src_stride;
  int rows, cols;
  PackFormat format;
  void* dst;
  int steps, width;
};
void pack_units_reference(const PackUnits& p);

// dst[r * ldd + c] = sums[r * lds + c], or added to it. Returns max |dst| of what it wrote if these are the last to be added, else 0.
struct AddSums {
  const int32_t* sums;
  int64_t lds;
  int rows, cols;
  bool overwrite, last;
  ExactSums dst;
  int64_t ldd;
};
uint64_t add_sums_reference(const AddSums& p);

}  // namespace intrain::ops
