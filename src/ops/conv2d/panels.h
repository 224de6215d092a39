// Runs of tiles over panels of a packed matrix, for the passes of Conv2d.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

constexpr int kBlockRows = 48;  // of a, whose sums are handed on at once: a multiple of most tiles' heights

// The sums of a block of rows of one panel, [row][column of the panel].
struct BlockSums {
  alignas(64) int32_t at[kBlockRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];
};
struct PanelSums {
  alignas(64) int32_t at[TileKernel::kMaxVectors * TileKernel::kMaxLanes] = {};
};

inline int panels(const TileKernel& tile, int columns) { return (columns + full_width(tile) - 1) / full_width(tile); }

// Columns of the panel that starts at column n of a matrix of `columns` (padded).
inline int panel_width(const TileKernel& tile, int n, int columns) { return std::min(full_width(tile), columns - n); }

// Calls body(first column, columns) for panels `part`, part + parts, ...
template <class Body>
void for_each_panel(const TileKernel& tile, int columns, int part, int parts, const Body& body) {
  const int width = full_width(tile);
  for (int n = part * width; n < columns; n += parts * width) body(n, panel_width(tile, n, columns));
}

// Rows [0, rows) of a times one panel of `width` columns, in tiles of nearly equal height; c as in TileArgs.
inline void run_tiles(const TileKernel& tile, const TileProduct& product, int width, TileArgs args, int rows) {
  const int vectors = width / tile.lanes, most = tile.max_rows[vectors];
  const int tiles = (rows + most - 1) / most, least = rows / tiles, larger = rows - tiles * least;
  const uint8_t* a = static_cast<const uint8_t*>(args.a);
  int32_t* c = args.c;
  for (int t = 0, row = 0; t < tiles; ++t) {
    const int height = least + (t < larger ? 1 : 0);
    args.a = a + row * args.lda * tile.element_bytes;
    args.c = c + row * args.ldc;
    product.functions->of[vectors][height](args);
    row += height;
  }
}

// `count` packed zeros: bytes of PackFormat::flip, and where elements are s16, flip is 0.
inline void fill_zero(const PackFormat& format, uint8_t* dst, int64_t count) {
  std::memset(dst, format.flip, static_cast<size_t>(count * format.element_bytes));
}

// `count` elements of the value 1 that have not been moved: what sums of the other operand are taken with.
inline void fill_ones(const TileKernel& tile, uint8_t* dst, int64_t count) {
  if (tile.element_bytes == 1)
    std::memset(dst, 1, static_cast<size_t>(count));
  else
    std::fill_n(reinterpret_cast<int16_t*>(dst), count, int16_t{1});
}

// init[n] = -a_moved times the sum of column n of the panel args.b, over args.segments and args.steps: by a tile whose every a is 1.
// ones: a segment of them; zeros: an offset 0 for each segment.
inline void correct_columns(const TileKernel& tile, const TileProduct& product, int width, TileArgs args, const uint8_t* ones,
                            const int64_t* zeros, int32_t* init) {
  const PanelSums zero;
  PanelSums sums;
  args.a = ones;
  args.lda = 0;
  args.offset = zeros;
  args.init = zero.at;
  args.c = sums.at;
  args.ldc = width;
  product.functions->of[width / tile.lanes][1](args);
  for (int n = 0; n < width; ++n) init[n] = -product.a_moved * sums.at[n];
}

// sums[m][n] = -b_moved times the sum of row m of args.a, for `rows` rows and `width` columns: by the tile's row_sums, or by a tile whose
// every b is 1. ones: as many as a panel of one vector holds.
inline void correct_rows(const TileKernel& tile, const TileProduct& product, int width, TileArgs args, int rows,
                         const uint8_t* ones, BlockSums* sums) {
  const PanelSums zero;
  BlockSums of_rows;
  const int step = tile.row_sums != nullptr ? 1 : tile.lanes;  // from one sum to the next
  if (tile.row_sums != nullptr) {
    tile.row_sums(args, rows, of_rows.at);
  } else {
    args.b = ones;
    args.init = zero.at;
    args.c = of_rows.at;
    args.ldc = tile.lanes;
    run_tiles(tile, product, tile.lanes, args, rows);
  }
  for (int m = 0; m < rows; ++m) std::fill_n(sums->at + m * width, width, -product.b_moved * of_rows.at[m * step]);
}

}  // namespace intrain::ops
