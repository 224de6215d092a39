// What the passes of Conv2d share: panels of a packed matrix, padded rows of an image, runs of tiles.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/conv2d/conv2d_op.h"

namespace intrain::ops {

// Columns of the panel that starts at column n of a matrix of `columns` (a multiple of lanes).
inline int panel_width(const TileKernel& tile, int n, int columns) {
  const int width = tile.max_vectors * tile.lanes;
  return columns - n < width ? columns - n : width;
}

// Calls body(first column, columns padded to lanes) for panels `part`, part + parts, ...
template <class Body>
void for_each_panel(const TileKernel& tile, int columns, int part, int parts, const Body& body) {
  const int width = tile.max_vectors * tile.lanes;
  for (int n = part * width; n < columns; n += parts * width) body(n, panel_width(tile, n, columns));
}

// Rows [0, rows) of a times one panel of `width` columns, in tiles of nearly equal height; c as in TileArgs.
template <class Element>
void run_tiles(const TileKernel& tile, const TileKernel::Functions& functions, int width, TileArgs args, int rows) {
  const int vectors = width / tile.lanes, most = tile.max_rows[vectors];
  const int tiles = (rows + most - 1) / most, least = rows / tiles, larger = rows - tiles * least;
  const Element* a = static_cast<const Element*>(args.a);
  int32_t* c = args.c;
  for (int t = 0, row = 0; t < tiles; ++t) {
    const int height = least + (t < larger ? 1 : 0);
    args.a = a + row * args.lda;
    args.c = c + row * args.ldc;
    functions.of[vectors][height](args);
    row += height;
  }
}

// `count` packed zeros: bytes of PackFormat::flip, and where elements are s16, flip is 0.
template <class Element>
void fill_zero(const PackFormat& format, Element* dst, int64_t count) {
  std::memset(dst, format.flip, static_cast<size_t>(count) * sizeof(Element));
}

// Rows [first, first + rows) of an image [h][w][c0 .. c0 + c), where rows outside it are zero, each as dst_w pixels of dst_c elements:
// pad_w zero pixels, the row, zeros.
template <class Element>
void Conv2d::pack_rows(const PackFormat& format, const uint8_t* image, int h, int w, int channels, int c0, int c, int first,
                       int rows, int pad_w, int dst_w, int dst_c, Element* dst) const {
  const int64_t row = int64_t{dst_w} * dst_c, left = int64_t{pad_w} * dst_c, body = int64_t{w} * dst_c;
  Element* const end = dst + rows * row;
  fill_zero(format, dst, left);
  dst += left;
  for (int r = 0; r < rows; ++r, dst += row) {
    const int y = first + r;
    if (y < 0 || y >= h) {
      fill_zero(format, dst, body);
    } else {
      const uint8_t* in = image + int64_t{y} * w * channels + c0;
      if (c == channels && c == dst_c) {
        kernels_.pack_row({in, body, format, dst});
      } else {
        for (int x = 0; x < w; ++x) {
          kernels_.pack_row({in + int64_t{x} * channels, c, format, dst + int64_t{x} * dst_c});
          fill_zero(format, dst + int64_t{x} * dst_c + c, dst_c - c);
        }
      }
    }
    // Right of this row and left of the next.
    Element* const rest = dst + body;
    fill_zero(format, rest, r + 1 < rows ? row - body : end - rest);
  }
}

}  // namespace intrain::ops
