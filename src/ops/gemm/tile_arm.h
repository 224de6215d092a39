// What the register tiles of 64-bit ARM have in common: where their sums go, and their table. Their sums begin with 0, and what c begins with is
// added in the end.
#pragma once

#include <cstdint>

#include "ops/gemm/gemm.h"
#include "ops/intrinsics.h"

namespace intrain::ops {

// c[row][column .. column + 4)
[[gnu::always_inline]] static inline void finish(const TileArgs& p, int row, int column, int32x4_t sums) {
  int32_t* c = p.c + row * p.ldc + column;
  vst1q_s32(c, vaddq_s32(vld1q_s32(p.init != nullptr ? p.init + column : c), sums));
}

template <class Tile, int kVectors, int kRows>
static constexpr void fill_heights(TileKernel::Functions& f) {
  f.of[kVectors][kRows] = &Tile::template run<kVectors, kRows>;
  if constexpr (kRows > 1) fill_heights<Tile, kVectors, kRows - 1>(f);
}

template <class Tile, int kVectors, int kRows, int... kMore>
static constexpr void fill_vectors(TileKernel::Functions& f) {
  fill_heights<Tile, kVectors, kRows>(f);
  if constexpr (sizeof...(kMore) > 0) fill_vectors<Tile, kVectors + 1, kMore...>(f);
}

// The tiles of 1, 2, ... vectors with up to kMaxRows[0], kMaxRows[1], ... rows.
template <class Tile, int... kMaxRows>
static constexpr TileKernel::Functions functions_of() {
  TileKernel::Functions f{};
  fill_vectors<Tile, 1, kMaxRows...>(f);
  return f;
}

}  // namespace intrain::ops
