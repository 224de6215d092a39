#include <algorithm>

#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"

namespace intrain::ops {

namespace {

constexpr int kWeightPixels = 256;  // of the error, of a task of backward weights, about: its rows stay in the second-level cache

}  // namespace

// [3][3][channels].
void Conv2d::pack_depthwise(const int8_t* wei, uint8_t* packed) const {
  kernels_.pack_transpose({reinterpret_cast<const uint8_t*>(wei), 9, shape_.k, 9, {1, true, 0}, packed, shape_.k});
}

// The same arguments as forward_strip, of all channels.
void Conv2d::forward_strip_depthwise(const uint8_t* src, const uint8_t* packed, const ConvDst& dst, int64_t out, int64_t image,
                                     int64_t first, int64_t count) const {
  const ConvShape& s = shape_;
  const int64_t at = out * s.k;
  kernels_.depthwise_conv({src + image * s.src_pixels() * s.c, s.signed_src, s.h, s.w, s.c,
                           reinterpret_cast<const int8_t*>(packed), 3, 3, s.stride, -s.pad, -s.pad, static_cast<int>(first),
                           static_cast<int>(count), s.ow(), int64_t{s.ow()} * s.k, s.k,
                           dst.s16 == nullptr ? dst.s32 + at : nullptr, dst.s16 == nullptr ? nullptr : dst.s16 + at, dst.shift});
}

// A phase's taps in the order of the error's pixels: [taps_h][taps_w][channels].
void Conv2d::pack_backward_depthwise(const int8_t* wei, uint8_t* packed) const {
  const ConvShape& s = shape_;
  for (const Phase& p : phases_)
    for (int j = 0; j < p.taps_h; ++j)
      for (int i = 0; i < p.taps_w; ++i) {
        const int kh = p.tap0_h + s.stride * (p.taps_h - 1 - j), kw = p.tap0_w + s.stride * (p.taps_w - 1 - i);
        uint8_t* to = packed + p.packed_at + (int64_t{j} * p.taps_w + i) * s.c;
        for (int c = 0; c < s.c; ++c) to[c] = static_cast<uint8_t>(wei[int64_t{c} * 9 + kh * 3 + kw]);
      }
}

// Rows [first, first + count) of every phase of one image.
void Conv2d::backward_data_strip_depthwise(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first,
                                           int count) const {
  const ConvShape& s = shape_;
  for (const Phase& p : phases_) {
    const int rows = std::min(p.rows - first, count);
    if (rows <= 0) continue;
    const int64_t pixel = (int64_t{first} * s.stride + p.py) * s.w + p.px;
    kernels_.depthwise_conv({diff_dst, true, s.oh(), s.ow(), s.c, reinterpret_cast<const int8_t*>(packed + p.packed_at), p.taps_h,
                             p.taps_w, 1, p.origin_h - error_pad_h_, p.origin_w - error_pad_w_, first, rows, p.cols,
                             int64_t{s.stride} * s.w * s.c, int64_t{s.stride} * s.c, diff_src + pixel * s.c, nullptr, nullptr});
  }
}

// Sums of each thread, [3][3][channels].
size_t Conv2d::weight_depthwise_bytes() const {
  return align_up(static_cast<size_t>(shape_.weights()) * 8) * static_cast<size_t>(threads_);
}

void Conv2d::backward_weights_depthwise(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst,
                                        int64_t* diff_wei, uint8_t* workspace) const {
  const ConvShape& s = shape_;
  const int64_t slot = static_cast<int64_t>(align_up(static_cast<size_t>(s.weights()) * 8)) / 8;
  int64_t* const sums = reinterpret_cast<int64_t*>(workspace);
  const int rows = std::max(1, kWeightPixels / s.ow()), strips = (s.oh() + rows - 1) / rows;
  std::fill_n(sums, slot * threads_, 0);
  pool.run(int64_t{images} * strips, [&](int64_t task, int thread) {
    const int64_t image = task / strips;
    const int first = static_cast<int>(task % strips) * rows;
    kernels_.depthwise_weights({src + image * s.src_pixels() * s.c, s.signed_src, s.h, s.w, s.c,
                                diff_dst + image * s.dst_pixels() * s.k, s.stride, s.pad, first, std::min(rows, s.oh() - first),
                                s.ow(), sums + thread * slot});
  });
  for (int c = 0; c < s.c; ++c)
    for (int tap = 0; tap < 9; ++tap) {
      int64_t sum = 0;
      for (int t = 0; t < threads_; ++t) sum += sums[t * slot + int64_t{tap} * s.c + c];
      diff_wei[int64_t{c} * 9 + tap] = sum;
    }
}

}  // namespace intrain::ops
