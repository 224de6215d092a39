// Rows of an image as the operand a: packed, with zeros where a tap leaves the image.
#pragma once

#include <cstdint>

#include "ops/kernels.h"

namespace intrain::ops {

// Rows [first, first + rows) of channels [c0, c0 + c) of an image [h][w][channels], where rows outside it are zero, each as dst_w pixels of
// dst_c elements: pad_w zero pixels, the row, zeros.
struct PaddedRows {
  const uint8_t* image;
  int h, w, channels;
  int c0, c;
  int first, rows;
  int pad_w, dst_w, dst_c;
};
void pack_rows(const Kernels& kernels, const PackFormat& format, const PaddedRows& p, uint8_t* dst);

}  // namespace intrain::ops
