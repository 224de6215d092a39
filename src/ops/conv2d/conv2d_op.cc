#include "ops/conv2d/conv2d_op.h"

#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "core/check.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

void Conv2d::plan(const ConvShape& shape, const Kernels& kernels, int threads, bool backward_data) {
  shape_ = shape;
  kernels_ = kernels;
  threads_ = threads;
  CHECK_LE(shape.fan_in(), kMaxReduction);
  CHECK_LE(shape.taps() * shape.group_k(), kMaxReduction);
  CHECK_LE(shape.dst_pixels(), kMaxReduction);
  CHECK_LE(shape.kh, shape.h + 2 * shape.pad);
  CHECK_LE(shape.kw, shape.w + 2 * shape.pad);
  forward_ = backward_ = {};
  if (kernels.tile == nullptr) return;
  CHECK_LE(kernels.tile->lanes, TileKernel::kMaxLanes);

  const ConvShape& s = shape_;
  const int src_w = s.w + 2 * s.pad, cp = padded(s.group_c());
  forward_.padded_columns = columns(s.group_k());
  forward_.bytes = s.groups * matrix_bytes(int64_t{s.kh} * s.kw * cp, s.group_k());
  forward_offset_.clear();
  for (int kh = 0; kh < s.kh; ++kh) forward_offset_.push_back(int64_t{kh} * src_w * cp);

  weights_offset_.clear();
  for (int oh = 0; oh < s.oh(); ++oh) weights_offset_.push_back(int64_t{oh} * s.stride * planar_width());

  phases_.clear();
  if (!backward_data) return;
  // Pixel h = stride * i + py takes the error rows oh = i + base - j, kh = tap0 + stride * j, for j in [0, taps).
  const auto axis = [&](int size, int kernel, int phase, int* count, int* taps, int* tap0, int* base) {
    *count = (size - phase + s.stride - 1) / s.stride;
    *tap0 = (phase + s.pad) % s.stride;
    *taps = *tap0 < kernel ? (kernel - *tap0 + s.stride - 1) / s.stride : 0;
    *base = (phase + s.pad - *tap0) / s.stride;
  };
  int before_h = 0, before_w = 0, after_h = 0, after_w = 0;
  size_t at = 0;
  for (int py = 0; py < std::min(s.stride, s.h); ++py)
    for (int px = 0; px < std::min(s.stride, s.w); ++px) {
      Phase p{};
      p.py = py;
      p.px = px;
      int base_h, base_w;
      axis(s.h, s.kh, py, &p.rows, &p.taps_h, &p.tap0_h, &base_h);
      axis(s.w, s.kw, px, &p.cols, &p.taps_w, &p.tap0_w, &base_w);
      if (p.taps_h == 0 || p.taps_w == 0) p.taps_h = p.taps_w = 0;
      p.origin_h = base_h - p.taps_h + 1;
      p.origin_w = base_w - p.taps_w + 1;
      if (p.taps_h > 0) {
        before_h = std::max(before_h, -p.origin_h);
        before_w = std::max(before_w, -p.origin_w);
        after_h = std::max(after_h, p.rows - 1 + base_h - (s.oh() - 1));
        after_w = std::max(after_w, p.cols - 1 + base_w - (s.ow() - 1));
      }
      p.packed_at = at;
      at += matrix_bytes(int64_t{p.taps_h} * p.taps_w * padded(s.group_k()), s.group_c());
      phases_.push_back(std::move(p));
    }
  error_pad_h_ = before_h;
  error_pad_w_ = before_w;
  error_h_ = s.oh() + before_h + after_h;
  error_w_ = s.ow() + before_w + after_w;
  for (Phase& p : phases_) {
    p.origin_h += before_h;
    p.origin_w += before_w;
    for (int j = 0; j < p.taps_h; ++j) p.offset.push_back(int64_t{j} * error_w_ * padded(s.group_k()));
  }
  backward_.padded_columns = columns(s.group_c());
  backward_.bytes = s.groups * at;
}

size_t Conv2d::matrix_bytes(int64_t k_size, int n) const {
  const size_t width = static_cast<size_t>(columns(n));
  return align_up(static_cast<size_t>(k_size) * width * static_cast<size_t>(kernels_.tile->element_bytes)) + align_up(width * 4);
}

bool Conv2d::direct_source() const {
  return !shape_.signed_src && shape_.pad == 0 && shape_.groups == 1 && kernels_.tile->element_bytes == 1 &&
         shape_.c % kernels_.tile->k_unit == 0;
}

template <class Element>
void Conv2d::pack_weights_as(const int8_t* wei, uint8_t* packed) const {
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), gk = s.group_k(), cp = padded(gc), kp = padded(gk), unit = tile.k_unit;

  // Element (k, n) of the matrix at `base`, and its initial sums after it.
  for (int g = 0; g < s.groups; ++g) {
    uint8_t* base = packed + g * (forward_.bytes / static_cast<size_t>(s.groups));
    const int64_t k_size = int64_t{s.kh} * s.kw * cp;
    Element* b = reinterpret_cast<Element*>(base);
    int32_t* init = reinterpret_cast<int32_t*>(
        base + align_up(static_cast<size_t>(k_size) * static_cast<size_t>(forward_.padded_columns) * sizeof(Element)));
    for (int n = 0; n < gk; ++n) {
      int width;
      Element* column = packed_column(tile, b, k_size, n, forward_.padded_columns, &width);
      const int8_t* w = wei + (int64_t{g} * gk + n) * s.taps() * gc;
      int32_t sum = 0;
      for (int64_t t = 0; t < s.taps(); ++t)
        for (int c = 0; c < gc; ++c) {
          const int64_t k = t * cp + c;
          column[k / unit * width * unit + k % unit] = static_cast<Element>(w[t * gc + c]);
          sum += w[t * gc + c];
        }
      init[n] = s.signed_src ? -tile.signed_offset() * sum : 0;
    }
  }

  for (const Phase& p : phases_) {
    if (p.taps_h == 0) continue;
    const int64_t k_size = int64_t{p.taps_h} * p.taps_w * kp;
    for (int g = 0; g < s.groups; ++g) {
      uint8_t* base = packed + forward_.bytes + g * (backward_.bytes / static_cast<size_t>(s.groups)) + p.packed_at;
      Element* b = reinterpret_cast<Element*>(base);
      int32_t* init = reinterpret_cast<int32_t*>(
          base + align_up(static_cast<size_t>(k_size) * static_cast<size_t>(backward_.padded_columns) * sizeof(Element)));
      for (int n = 0; n < gc; ++n) init[n] = 0;
      for (int j = 0; j < p.taps_h; ++j)
        for (int i = 0; i < p.taps_w; ++i) {
          const int kh = p.tap0_h + s.stride * (p.taps_h - 1 - j), kw = p.tap0_w + s.stride * (p.taps_w - 1 - i);
          for (int co = 0; co < gk; ++co) {
            const int8_t* w = wei + ((int64_t{g} * gk + co) * s.taps() + int64_t{kh} * s.kw + kw) * gc;
            const int64_t k = (int64_t{j} * p.taps_w + i) * kp + co;
            for (int n = 0; n < gc;) {
              int width;
              Element* column =
                  packed_column(tile, b, k_size, n, backward_.padded_columns, &width) + k / unit * width * unit + k % unit;
              const int end = std::min(gc, n + width);  // n is the first column of its panel
              for (; n < end; ++n, column += unit) {
                *column = static_cast<Element>(w[n]);
                init[n] -= tile.signed_offset() * w[n];
              }
            }
          }
        }
    }
  }
}

void Conv2d::pack_weights(const int8_t* wei, uint8_t* packed) const {
  if (kernels_.tile == nullptr) return;
  if (kernels_.tile->element_bytes == 1)
    pack_weights_as<uint8_t>(wei, packed);
  else
    pack_weights_as<int16_t>(wei, packed);
}

}  // namespace intrain::ops
