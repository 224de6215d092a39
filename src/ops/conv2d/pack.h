// Packing for the register tile: the matrix b by panels of columns, and images by padded copy.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/gemm/gemm.h"

namespace intrain::ops {

// Vectors of the panel that starts at column n of a matrix of `columns` (a multiple of lanes).
inline int panel_vectors(const TileKernel& tile, int n, int columns) {
  const int left = (columns - n) / tile.lanes;
  return left < tile.max_vectors ? left : tile.max_vectors;
}

// Element (row k, column n) of a packed matrix: panel after panel, each [k / k_unit][width][k_unit].
template <class Element>
Element* packed_column(const TileKernel& tile, Element* b, int64_t k_size, int n, int columns, int* width) {
  const int panel = n / (tile.max_vectors * tile.lanes) * tile.max_vectors * tile.lanes;
  *width = panel_vectors(tile, panel, columns) * tile.lanes;
  return b + k_size * panel + int64_t{n - panel} * tile.k_unit;
}

// One image [h][w][c0 .. c0 + c) of a tensor with `channels` into `dst` at [y + pad_h][x + pad_w][0 .. padded_c), the rest
// `zero`. Signed: the source is s8 and `zero` is added to each value.
template <class Element, class Src>
void copy_padded(const Src* src, int h, int w, int channels, int c0, int c, Element* dst, int dst_h, int dst_w, int pad_h,
                 int pad_w, int padded_c, int zero) {
  const auto fill = [&](int64_t at, int64_t count) {
    if constexpr (sizeof(Element) == 1)
      std::memset(dst + at, zero, static_cast<size_t>(count));
    else
      for (int64_t i = at; i < at + count; ++i) dst[i] = static_cast<Element>(zero);
  };
  const int64_t row = int64_t{dst_w} * padded_c;
  fill(0, pad_h * row);
  for (int y = 0; y < h; ++y) {
    const int64_t at = (y + pad_h) * row;
    fill(at, int64_t{pad_w} * padded_c);
    Element* out = dst + at + int64_t{pad_w} * padded_c;
    const Src* in = src + int64_t{y} * w * channels + c0;
    if (c == channels && c == padded_c) {
      for (int i = 0; i < w * c; ++i) out[i] = static_cast<Element>(in[i] + zero);
    } else {
      for (int x = 0; x < w; ++x) {
        for (int i = 0; i < c; ++i) out[x * padded_c + i] = static_cast<Element>(in[int64_t{x} * channels + i] + zero);
        for (int i = c; i < padded_c; ++i) out[x * padded_c + i] = static_cast<Element>(zero);
      }
    }
    fill(at + int64_t{pad_w + w} * padded_c, int64_t{dst_w - pad_w - w} * padded_c);
  }
  fill((pad_h + h) * row, (dst_h - pad_h - h) * row);
}

// Rows [0, rows) of a times one panel, in tiles of nearly equal height; c as in TileArgs.
template <class Element>
void run_tiles(const TileKernel& tile, int vectors, TileArgs args, int rows) {
  const int most = tile.max_rows[vectors], tiles = (rows + most - 1) / most;
  const Element* a = static_cast<const Element*>(args.a);
  int32_t* c = args.c;
  for (int t = 0, row = 0; t < tiles; ++t) {
    const int height = (rows - row + tiles - t - 1) / (tiles - t);
    args.a = a + row * args.lda;
    args.c = c + row * args.ldc;
    tile.tile[vectors][height](args);
    row += height;
  }
}

}  // namespace intrain::ops
