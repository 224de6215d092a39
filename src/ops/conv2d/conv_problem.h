// What the passes of a convolution share: the problem, and how a matrix b lies in memory.
#pragma once

#include <cstdint>

#include "core/buffer.h"
#include "ops/kernels.h"

namespace intrain::ops {

struct ConvProblem {
  ConvShape shape{};
  const Kernels* kernels = nullptr;
  int threads = 1;
  int max_images = 1;

  bool has_tile() const { return kernels->tile != nullptr; }
  const TileKernel& tile() const { return *kernels->tile; }
  // 1x1, stride 1, no padding: one long list of pixels over all images.
  bool flat() const { return shape.kh == 1 && shape.kw == 1 && shape.stride == 1 && shape.pad == 0; }
  // Run by the kernels of depthwise/, which have as many rows of zeros as columns of them.
  bool depthwise() const {
    return shape.groups > 1 && shape.groups == shape.c && shape.c == shape.k && shape.kh == 3 && shape.kw == 3 &&
           shape.stride <= 2 && shape.pad == shape.pad_h();
  }
};

// n elements of a run of the reduction with the zeros that make whole steps of it.
inline int padded(const TileKernel& tile, int n) { return (n + tile.depth - 1) / tile.depth * tile.depth; }
// n columns with those that make whole vectors of them.
inline int padded_columns(const TileKernel& tile, int n) { return (n + tile.lanes - 1) / tile.lanes * tile.lanes; }
// Columns of the widest tile.
inline int full_width(const TileKernel& tile) { return tile.lanes * tile.max_vectors; }

inline size_t packed_bytes(const TileKernel& tile, int64_t elements) {
  return static_cast<size_t>(elements) * static_cast<size_t>(tile.element_bytes);
}

// A packed matrix b of k_size rows: panels of full_width columns, the last one narrower, each as TileArgs::b; then the columns' initial sums.
struct PackedMatrix {
  int64_t k_size = 0;
  int columns = 0;  // padded
  int element_bytes = 0;
  size_t bytes = 0;

  PackedMatrix() = default;
  PackedMatrix(const TileKernel& tile, int64_t k_size_, int n)
      : k_size(k_size_), columns(padded_columns(tile, n)), element_bytes(tile.element_bytes) {
    bytes = align_up(packed_bytes(tile, k_size * columns)) + align_up(static_cast<size_t>(columns) * 4);
  }
  // Where the panel that begins with column n lies in the matrix at `base`, and its initial sums.
  template <class Byte>
  Byte* panel(Byte* base, int n) const {
    return base + k_size * n * element_bytes;
  }
  const int32_t* init(const uint8_t* base, int n) const {
    return reinterpret_cast<const int32_t*>(base + bytes - align_up(static_cast<size_t>(columns) * 4)) + n;
  }
  int32_t* init(uint8_t* base, int n) const { return const_cast<int32_t*>(init(static_cast<const uint8_t*>(base), n)); }
};

}  // namespace intrain::ops
