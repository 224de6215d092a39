#include <algorithm>

#include "core/check.h"
#include "ops/conv2d/backward_data_pass.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {
namespace {

// Pixel h = stride * i + offset takes the error rows oh = i + base - j, kh = tap0 + stride * j, for j in [0, taps).
struct Axis {
  int count, taps, tap0, base;
};

Axis axis_of(const ConvShape& s, int size, int kernel, int pad, int offset) {
  const int tap0 = (offset + pad) % s.stride;
  return {(size - offset + s.stride - 1) / s.stride, tap0 < kernel ? (kernel - tap0 + s.stride - 1) / s.stride : 0, tap0,
          (offset + pad - tap0) / s.stride};
}

}  // namespace

// The origin is that in the error without padding.
BackwardDataPass::StrideOffset BackwardDataPass::stride_offset(int y, int x) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Axis h = axis_of(s, s.h, s.kh, s.pad_h(), y), w = axis_of(s, s.w, s.kw, s.pad, x);
  const bool reached = h.taps > 0 && w.taps > 0;
  StrideOffset o{};
  o.y = y;
  o.x = x;
  o.rows = h.count;
  o.cols = w.count;
  o.taps_h = reached ? h.taps : 0;
  o.taps_w = reached ? w.taps : 0;
  o.tap0_h = h.tap0;
  o.tap0_w = w.tap0;
  o.origin_h = h.base - o.taps_h + 1;
  o.origin_w = w.base - o.taps_w + 1;
  o.matrix = PackedMatrix(tile, int64_t{o.taps_h} * o.taps_w * padded(tile, s.group_k()), s.group_c());
  return o;
}

void BackwardDataPass::plan(const ConvProblem& problem) {
  problem_ = problem;
  if (!problem.has_tile()) return;
  const ConvShape& s = problem.shape;
  product_ = tile_product(problem.tile(), true, true);
  CHECK_EQ(product_.b_moved, 0);
  for (int y = 0; y < std::min(s.stride, s.h); ++y)
    for (int x = 0; x < std::min(s.stride, s.w); ++x) {
      offsets_.push_back(stride_offset(y, x));
      StrideOffset& o = offsets_.back();
      o.packed_at = packed_bytes_;
      if (o.taps_h == 0)
        gaps_ = true;
      else
        packed_bytes_ +=
            problem.depthwise() ? align_up(static_cast<size_t>(s.weights())) : o.matrix.bytes * static_cast<size_t>(s.groups);
      run_ = std::max(run_, int64_t{o.taps_w} * padded(problem.tile(), s.group_k()));
    }
  zeros_.assign(static_cast<size_t>(s.kh), 0);
  choose_blocks();
}

void BackwardDataPass::choose_blocks() {
  const ConvShape& s = problem_.shape;
  const bool flat = problem_.flat();
  Blocks& b = blocks_;
  int after_h = 0, after_w = 0;
  for (const StrideOffset& o : offsets_) {
    if (o.taps_h == 0) continue;
    b.error_pad_h = std::max(b.error_pad_h, -o.origin_h);
    b.error_pad_w = std::max(b.error_pad_w, -o.origin_w);
    after_h = std::max(after_h, o.rows - 1 + o.origin_h + o.taps_h - 1 - (s.oh() - 1));
    after_w = std::max(after_w, o.cols - 1 + o.origin_w + o.taps_w - 1 - (s.ow() - 1));
  }
  b.error_h = s.oh() + b.error_pad_h + after_h;
  b.error_w = s.ow() + b.error_pad_w + after_w;
  int lowest = b.error_h, highest = 0;
  for (StrideOffset& o : offsets_) {
    o.origin_h += b.error_pad_h;
    o.origin_w += b.error_pad_w;
    for (int j = 0; j < o.taps_h; ++j) o.offset.push_back(int64_t{j} * b.error_w * padded(problem_.tile(), s.group_k()));
    if (o.taps_h == 0) continue;
    lowest = std::min(lowest, o.origin_h);
    highest = std::max(highest, o.origin_h + o.taps_h);
  }
  if (lowest > highest) lowest = highest = 0;  // no tap reaches a pixel: all zero
  // Strips of about 16 K sums, at most eight times as many errors: 64 KB of s32, whose maximum is taken while they are in cache.
  const int pixels = std::clamp((1 << 14) / std::max(s.c, s.k / 8), kBlockRows, 16 * kBlockRows);
  b.strip = flat ? pixels : std::max(1, pixels / (s.w * s.stride));
  b.strip_rows = b.strip - 1 + highest - lowest;
  // Few pixels an image: several images make one list of pixels.
  b.group = flat ? std::max(1, kBlockRows / static_cast<int>(s.src_pixels())) : 1;
  const int groups = (problem_.max_images + b.group - 1) / b.group;
  b.buffers = std::max(std::min(problem_.threads, groups), std::min(2 * problem_.threads - 1, groups));
}

// A strip of the padded error.
size_t BackwardDataPass::scratch_bytes() const {
  if (problem_.depthwise()) return 0;
  const int64_t pixels = problem_.flat() ? blocks_.strip : int64_t{blocks_.strip_rows} * blocks_.error_w;
  return align_up(packed_bytes(problem_.tile(), pixels * padded(problem_.tile(), problem_.shape.group_k())) + kAlignment);
}

// A group of images; without a tile an image.
size_t BackwardDataPass::buffer_bytes() const {
  return align_up(static_cast<size_t>((problem_.has_tile() ? blocks_.group : 1) * image_size()) * 4);
}

size_t BackwardDataPass::ones_bytes() const { return align_up(packed_bytes(problem_.tile(), run_)); }

// Packed weights, a run of ones, buffers, and a strip a thread.
size_t BackwardDataPass::workspace_bytes() const {
  const size_t threads = static_cast<size_t>(problem_.threads);
  if (problem_.kernels == nullptr) return 0;
  if (!problem_.has_tile()) return buffer_bytes() * threads;
  return packed_bytes_ + ones_bytes() + buffer_bytes() * static_cast<size_t>(blocks_.buffers) + scratch_bytes() * threads;
}

}  // namespace intrain::ops
