#include "ops/conv2d/padded_rows.h"

#include "ops/conv2d/panels.h"

namespace intrain::ops {

void pack_rows(const Kernels& kernels, const PackFormat& format, const PaddedRows& p, uint8_t* dst) {
  const int element = format.element_bytes;
  const int64_t row = int64_t{p.dst_w} * p.dst_c, left = int64_t{p.pad_w} * p.dst_c, body = int64_t{p.w} * p.dst_c;
  uint8_t* const end = dst + p.rows * row * element;
  fill_zero(format, dst, left);
  dst += left * element;
  for (int r = 0; r < p.rows; ++r, dst += row * element) {
    const int y = p.first + r;
    if (y < 0 || y >= p.h) {
      fill_zero(format, dst, body);
    } else {
      const uint8_t* in = p.image + int64_t{y} * p.w * p.channels + p.c0;
      if (p.c == p.channels && p.c == p.dst_c) {
        kernels.pack_row({in, body, format, dst});
      } else {
        for (int x = 0; x < p.w; ++x) {
          uint8_t* const pixel = dst + int64_t{x} * p.dst_c * element;
          kernels.pack_row({in + int64_t{x} * p.channels, p.c, format, pixel});
          fill_zero(format, pixel + p.c * element, p.dst_c - p.c);
        }
      }
    }
    // Right of this row and left of the next.
    uint8_t* const rest = dst + body * element;
    fill_zero(format, rest, r + 1 < p.rows ? row - body : (end - rest) / element);
  }
}

}  // namespace intrain::ops
