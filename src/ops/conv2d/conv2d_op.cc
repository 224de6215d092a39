#include "ops/conv2d/conv2d_op.h"

#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "core/check.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

void Conv2d::plan(const ConvShape& shape, const Kernels& kernels, int threads, int max_images, bool backward_data) {
  shape_ = shape;
  kernels_ = kernels;
  threads_ = threads;
  CHECK_LE(shape.fan_in(), kMaxReduction);
  CHECK_LE(shape.taps() * shape.group_k(), kMaxReduction);
  CHECK_LE(shape.dst_pixels(), kMaxReduction);
  CHECK_LE(shape.kh, shape.h + 2 * shape.pad);
  CHECK_LE(shape.kw, shape.w + 2 * shape.pad);
  phases_.clear();
  matrix_ = {};
  if (kernels.tile == nullptr) return;
  CHECK_LE(kernels.tile->lanes, TileKernel::kMaxLanes);

  const ConvShape& s = shape_;
  flat_ = s.kh == 1 && s.kw == 1 && s.stride == 1 && s.pad == 0;
  matrix_ = matrix(int64_t{s.kh} * padded(s.kw * s.group_c()), s.group_k());
  forward_offset_.clear();
  for (int kh = 0; kh < s.kh; ++kh) forward_offset_.push_back(int64_t{kh} * (s.w + 2 * s.pad) * s.group_c());
  // Strips of about 32 K outputs and at most four times the inputs: 64 KB of s16 stay in the second-level cache for the sums of batch
  // norm.
  const int pixels = std::clamp((1 << 15) / std::max(s.k, s.c / 4), kBlockRows, 16 * kBlockRows) / kBlockRows * kBlockRows;
  forward_strip_ = flat_ ? pixels : std::max(1, pixels / s.ow());
  if (!depthwise()) plan_backward_weights(max_images);
  if (backward_data) plan_backward_data(max_images);
}

Conv2d::Matrix Conv2d::matrix(int64_t k_size, int n) const {
  Matrix m;
  m.k_size = k_size;
  m.columns = columns(n);
  const size_t width = static_cast<size_t>(m.columns);
  m.group_bytes =
      align_up(static_cast<size_t>(k_size) * width * static_cast<size_t>(kernels_.tile->element_bytes)) + align_up(width * 4);
  m.bytes = depthwise() ? align_up(static_cast<size_t>(shape_.weights())) : m.group_bytes * static_cast<size_t>(shape_.groups);
  return m;
}

// The columns' initial sums of one group's matrix.
const int32_t* Conv2d::matrix_init(const uint8_t* base, const Matrix& m) const {
  return reinterpret_cast<const int32_t*>(base + m.group_bytes - align_up(static_cast<size_t>(m.columns) * 4));
}

PackFormat Conv2d::src_format() const {
  const bool move = shape_.signed_src && kernels_.tile->signed_offset() != 0;
  return {kernels_.tile->element_bytes, shape_.signed_src, static_cast<uint8_t>(move ? 0x80 : 0)};
}

// The error as the operand a: moved by 128 where a must be unsigned.
PackFormat Conv2d::error_format(bool unsigned_a) const {
  return {kernels_.tile->element_bytes, true, static_cast<uint8_t>(unsigned_a && kernels_.tile->signed_offset() != 0 ? 0x80 : 0)};
}

bool Conv2d::direct_source() const {
  return !shape_.signed_src && shape_.pad == 0 && shape_.groups == 1 && kernels_.tile->element_bytes == 1 &&
         shape_.kw * shape_.c % kernels_.tile->k_unit == 0;
}

template <class Element>
void Conv2d::pack_weights_as(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const {
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gk = s.group_k(), run = s.kw * s.group_c(), steps = padded(run) / tile.k_unit;
  const int count = panels(matrix_.columns), full = tile.max_vectors * tile.lanes;
  pool.run(int64_t{s.groups} * count, [&](int64_t task, int) {
    const int g = static_cast<int>(task / count), n = static_cast<int>(task % count) * full;
    const int width = panel_width(tile, n, matrix_.columns), valid = std::min(width, gk - n);
    uint8_t* base = packed + static_cast<size_t>(g) * matrix_.group_bytes;
    int32_t* init = const_cast<int32_t*>(matrix_init(base, matrix_)) + n;
    const int8_t* w = wei + (int64_t{g} * gk + n) * s.fan_in();
    for (int kh = 0; kh < s.kh; ++kh)
      kernels_.pack_units({reinterpret_cast<const uint8_t*>(w + int64_t{kh} * run), s.fan_in(), valid, run, wei_format(),
                           reinterpret_cast<Element*>(base) + matrix_.k_size * n + int64_t{kh} * steps * tile.k_unit * width,
                           steps, width});
    std::fill(init, init + width, 0);
    if (!s.signed_src || tile.signed_offset() == 0) return;
    for (int i = 0; i < valid; ++i)
      for (int64_t j = 0; j < s.fan_in(); ++j) init[i] -= tile.signed_offset() * w[i * s.fan_in() + j];
  });
}

void Conv2d::pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const {
  if (kernels_.tile == nullptr) return;
  if (depthwise())
    pack_depthwise(wei, packed);
  else if (kernels_.tile->element_bytes == 1)
    pack_weights_as<uint8_t>(pool, wei, packed);
  else
    pack_weights_as<int16_t>(pool, wei, packed);
}

}  // namespace intrain::ops
