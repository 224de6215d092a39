// The register tile, written once over an ISA's vector: kRows x kVectors accumulators. kBFirst: b is the first factor of V::dot, a the second.
//
// Row pointers go in threes (base, base + lda, base + 2 lda are one register and addressing modes), so 16 rows take 6 registers.
#pragma once

#include <cstdint>

#include "ops/gemm/gemm.h"

namespace intrain::ops {

template <class V, int kVectors, int kRows, bool kBFirst>
static void tile(const TileArgs& p) {
  using Element = typename V::Element;
  typename V::Register acc[kRows][kVectors];
  if (p.init != nullptr) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto init = V::load(p.init + v * V::kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) acc[r][v] = init;
    }
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) acc[r][v] = V::load(p.c + r * p.ldc + v * V::kLanes);
  }
  constexpr int kGroups = (kRows + 2) / 3;
  const int64_t lda = p.lda;
  const Element* b = static_cast<const Element*>(p.b);
  for (int s = 0; s < p.segments; ++s) {
    const Element* a[kGroups];
#pragma GCC unroll 6
    for (int g = 0; g < kGroups; ++g) a[g] = static_cast<const Element*>(p.a) + p.offset[s] + 3 * g * lda;
#pragma GCC unroll 2
    for (int t = 0; t < p.steps; ++t) {
      typename V::Register bv[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) bv[v] = V::load(b + v * V::kLanes * V::kDepth);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const auto av = V::broadcast(a[r / 3] + r % 3 * lda);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) acc[r][v] = kBFirst ? V::dot(acc[r][v], bv[v], av) : V::dot(acc[r][v], av, bv[v]);
      }
#pragma GCC unroll 6
      for (int g = 0; g < kGroups; ++g) a[g] += V::kDepth;
      b += kVectors * V::kLanes * V::kDepth;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) V::store(p.c + r * p.ldc + v * V::kLanes, acc[r][v]);
}

template <class V, bool kBFirst, int kVectors, int kRows>
static constexpr void fill_tiles(TileKernel::Functions& f) {
  f.of[kVectors][kRows] = &tile<V, kVectors, kRows, kBFirst>;
  if constexpr (kRows > 1) fill_tiles<V, kBFirst, kVectors, kRows - 1>(f);
}

template <class V, bool kBFirst, int kVectors, int kRows, int... kMore>
static constexpr void fill_widths(TileKernel::Functions& f) {
  fill_tiles<V, kBFirst, kVectors, kRows>(f);
  if constexpr (sizeof...(kMore) > 0) fill_widths<V, kBFirst, kVectors + 1, kMore...>(f);
}

// The tiles of 1, 2, ... vectors with up to kMaxRows[0], kMaxRows[1], ... rows.
template <class V, bool kBFirst, int... kMaxRows>
static constexpr TileKernel::Functions tile_functions() {
  TileKernel::Functions f{};
  fill_widths<V, kBFirst, 1, kMaxRows...>(f);
  return f;
}

}  // namespace intrain::ops
