#include "ops/conv2d/forward_pass.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "ops/conv2d/depthwise.h"
#include "ops/conv2d/padded_rows.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {

// The definition, image by image.
void ForwardPass::run_reference(ThreadPool& pool, int images, const uint8_t* src, const int8_t* wei, const ConvDst& dst,
                                StripSink* sink, uint8_t* workspace) const {
  const ConvShape& s = problem_.shape;
  const int64_t pixels = s.dst_pixels();
  pool.run(images, [&](int64_t image, int thread) {
    int32_t* sums = reinterpret_cast<int32_t*>(workspace + scratch_bytes() * static_cast<size_t>(thread));
    const int64_t at = image * pixels * s.k;
    conv2d_forward_reference(s, 1, src + image * s.src_pixels() * s.c, wei, sums);
    if (dst.s16 == nullptr) {
      std::memcpy(dst.s32 + at, sums, static_cast<size_t>(pixels * s.k) * 4);
      return;
    }
    int16_t* staged = dst.s16 + (dst.strips ? thread * strip_slot() : at);
    problem_.kernels->stage_s16({sums, s.k, pixels, s.k, dst.shift, staged, s.k});
    if (sink != nullptr) sink->strip(image * pixels, pixels, staged, thread);
  });
}

void ForwardPass::plan(const ConvProblem& problem) {
  problem_ = problem;
  if (!problem.has_tile()) return;
  const ConvShape& s = problem.shape;
  const TileKernel& tile = problem.tile();
  product_ = tile_product(tile, s.signed_src, true);
  CHECK_EQ(product_.b_moved, 0);
  const int run = s.kw * s.group_c();
  matrix_ = PackedMatrix(tile, int64_t{s.kh} * padded(tile, run), s.group_k());
  for (int kh = 0; kh < s.kh; ++kh) offset_.push_back(int64_t{kh} * (s.w + 2 * s.pad) * s.group_c());
  direct_ = product_.a.element_bytes == 1 && product_.a.flip == 0 && s.pad == 0 && s.groups == 1 && run % tile.depth == 0;
  // Strips of about 32 K outputs and at most four times the inputs: 64 KB of s16 stay in the second-level cache for the sums of batch
  // norm.
  const int pixels = std::clamp((1 << 15) / std::max(s.k, s.c / 4), kBlockRows, 16 * kBlockRows) / kBlockRows * kBlockRows;
  strip_ = problem.flat() ? pixels : std::max(1, pixels / s.ow());
}

size_t ForwardPass::packed_bytes() const {
  if (!problem_.has_tile()) return 0;
  if (problem_.depthwise()) return align_up(static_cast<size_t>(problem_.shape.weights()));
  return matrix_.bytes * static_cast<size_t>(problem_.shape.groups);
}

// The sums of an image, or one strip of the padded input.
size_t ForwardPass::scratch_bytes() const {
  const ConvShape& s = problem_.shape;
  if (!problem_.has_tile()) return align_up(static_cast<size_t>(s.dst_pixels() * s.k) * 4);
  if (direct_ || problem_.depthwise()) return 0;
  const int64_t pixels = problem_.flat() ? strip_ : (int64_t{strip_ - 1} * s.stride + s.kh) * (s.w + 2 * s.pad);
  return align_up(ops::packed_bytes(problem_.tile(), pixels * s.group_c()) + kAlignment);
}

size_t ForwardPass::workspace_bytes() const { return scratch_bytes() * static_cast<size_t>(problem_.threads); }

int64_t ForwardPass::strip_pixels() const {
  if (!problem_.has_tile()) return problem_.shape.dst_pixels();
  return problem_.flat() ? strip_ : int64_t{strip_} * problem_.shape.ow();
}

// Elements from one strip to the next: whole cache lines.
int64_t ForwardPass::strip_slot() const {
  return static_cast<int64_t>(align_up(static_cast<size_t>(strip_pixels() * problem_.shape.k) * 2)) / 2;
}

// One strip a thread, or as many as threads share by columns.
size_t ForwardPass::strip_bytes() const {
  return static_cast<size_t>(strip_slot() * std::max(problem_.threads, 2 * problem_.threads - 1)) * 2;
}

void ForwardPass::pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const {
  if (!problem_.has_tile()) return;
  if (problem_.depthwise()) return pack_depthwise(problem_, wei, packed);
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const int gk = s.group_k(), run = s.kw * s.group_c(), padded_run = padded(tile, run);
  const int count = panels(tile, matrix_.columns);
  pool.run(int64_t{s.groups} * count, [&](int64_t task, int) {
    const int g = static_cast<int>(task / count), n = static_cast<int>(task % count) * full_width(tile);
    const int width = panel_width(tile, n, matrix_.columns), valid = std::min(width, gk - n);
    uint8_t* const base = packed + static_cast<size_t>(g) * matrix_.bytes;
    uint8_t* const panel = matrix_.panel(base, n);
    int32_t* const init = matrix_.init(base, n);
    const int8_t* w = wei + (int64_t{g} * gk + n) * s.fan_in();
    for (int kh = 0; kh < s.kh; ++kh)
      problem_.kernels->pack_units({reinterpret_cast<const uint8_t*>(w + int64_t{kh} * run), s.fan_in(), valid, run, product_.b,
                                    panel + int64_t{kh} * padded_run * width * tile.element_bytes, padded_run / tile.depth,
                                    width});
    std::fill(init, init + width, 0);
    if (product_.a_moved == 0) return;
    for (int i = 0; i < valid; ++i)
      for (int64_t j = 0; j < s.fan_in(); ++j) init[i] -= product_.a_moved * w[i * s.fan_in() + j];
  });
}

// The rows of a for a strip: src itself, or packed into scratch.
const uint8_t* ForwardPass::source_rows(const uint8_t* src, const Strip& t, int group, uint8_t* scratch) const {
  const ConvShape& s = problem_.shape;
  const int gc = s.group_c(), first = static_cast<int>(t.first), count = static_cast<int>(t.count);
  if (problem_.flat()) {
    const uint8_t* pixels = src + t.first * s.c;
    if (direct_) return pixels;
    pack_rows(*problem_.kernels, product_.a, {pixels, 1, count, s.c, group * gc, gc, 0, 1, 0, count, gc}, scratch);
    return scratch;
  }
  const uint8_t* image = src + t.image * s.src_pixels() * s.c;
  if (direct_) return image + t.first * s.stride * s.w * s.c;
  pack_rows(*problem_.kernels, product_.a,
            {image, s.h, s.w, s.c, group * gc, gc, first * s.stride - s.pad_h(), (count - 1) * s.stride + s.kh, s.pad,
             s.w + 2 * s.pad, gc},
            scratch);
  return scratch;
}

// The sums of `rows` pixels from `pixel` of dst on, and `columns` channels from `channel` on.
void ForwardPass::write(const int32_t* sums, int width, int rows, int columns, const ConvDst& dst, int64_t pixel,
                        int channel) const {
  const int k = problem_.shape.k;
  const int64_t at = pixel * k + channel;
  if (dst.s16 != nullptr) {
    problem_.kernels->stage_s16({sums, width, rows, columns, dst.shift + channel, dst.s16 + at, k});
    return;
  }
  for (int r = 0; r < rows; ++r) std::memcpy(dst.s32 + at + int64_t{r} * k, sums + r * width, static_cast<size_t>(columns) * 4);
}

// A strip of one group to pixel t.out of dst: panels part, part + parts, ...
void ForwardPass::multiply(const uint8_t* a, const uint8_t* packed, const ConvDst& dst, const Strip& t, int group, int part,
                           int parts) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const int gc = s.group_c(), gk = s.group_k(), count = static_cast<int>(t.count);
  const int rows = problem_.flat() ? 1 : count, cols = problem_.flat() ? count : s.ow();
  const int64_t row_step = int64_t{s.stride} * (s.w + 2 * s.pad) * gc;
  const uint8_t* base = packed + static_cast<size_t>(group) * matrix_.bytes;
  BlockSums sums;
  for_each_panel(tile, matrix_.columns, part, parts, [&](int n, int width) {
    TileArgs args{nullptr,
                  int64_t{s.stride} * gc,
                  offset_.data(),
                  s.kh,
                  padded(tile, s.kw * gc) / tile.depth,
                  matrix_.panel(base, n),
                  matrix_.init(base, n),
                  sums.at,
                  width};
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < cols; x += kBlockRows) {
        const int block = std::min(cols - x, kBlockRows);
        args.a = a + (y * row_step + x * args.lda) * tile.element_bytes;
        run_tiles(tile, product_, width, args, block);
        write(sums.at, width, block, std::min(width, gk - n), dst, t.out + int64_t{y} * cols + x, group * gk + n);
      }
  });
}

ForwardPass::Strips ForwardPass::strips_of(int images) const {
  const ConvShape& s = problem_.shape;
  const int threads = problem_.threads;
  const int64_t length = problem_.flat() ? images * s.dst_pixels() : s.oh(), per_image = (length + strip_ - 1) / strip_;
  const int64_t count = problem_.flat() ? per_image : images * per_image;
  int64_t parts = 1;
  if (threads > 1 && count < 2 * threads)
    parts = std::min<int64_t>(panels(problem_.tile(), matrix_.columns), (4 * threads + count - 1) / count);
  return {count, per_image, length, static_cast<int>(parts)};
}

ForwardPass::Strip ForwardPass::strip(const Strips& strips, int64_t i) const {
  const ConvShape& s = problem_.shape;
  const int64_t image = i / strips.per_image, first = i % strips.per_image * strip_;
  const int64_t count = std::min<int64_t>(strip_, strips.length - first), width = problem_.flat() ? 1 : s.ow();
  return {image, first, count, image * s.dst_pixels() + first * width, count * width};
}

void ForwardPass::run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* wei, const uint8_t* packed,
                      const ConvDst& dst, StripSink* sink, uint8_t* workspace) const {
  if (!problem_.has_tile()) return run_reference(pool, images, src, wei, dst, sink, workspace);
  const ConvShape& s = problem_.shape;
  const Strips strips = strips_of(images);
  // Where strip i goes, and the sink for it.
  const auto buffer_of = [&](int64_t i, int thread) {
    return dst.strips ? dst.s16 + (strips.parts > 1 ? i : thread) * strip_slot() : dst.s16 + strip(strips, i).out * s.k;
  };
  const auto tell = [&](int64_t i, int thread) {
    const Strip t = strip(strips, i);
    if (sink != nullptr) sink->strip(t.out, t.pixels, buffer_of(i, thread), thread);
  };
  pool.run(strips.count * strips.parts, [&](int64_t task, int thread) {
    const int64_t i = task / strips.parts;
    Strip t = strip(strips, i);
    ConvDst to = dst;
    if (dst.strips) {
      to.s16 = buffer_of(i, thread);
      t.out = 0;
    }
    if (problem_.depthwise()) {
      const int64_t at = t.out * s.k;
      forward_depthwise(problem_, src + t.image * s.src_pixels() * s.c, packed, static_cast<int>(t.first),
                        static_cast<int>(t.count), to.s16 == nullptr ? to.s32 + at : nullptr,
                        to.s16 == nullptr ? nullptr : to.s16 + at, to.shift);
    } else {
      uint8_t* const scratch = workspace + scratch_bytes() * static_cast<size_t>(thread);
      for (int g = 0; g < s.groups; ++g)
        multiply(source_rows(src, t, g, scratch), packed, to, t, g, static_cast<int>(task % strips.parts), strips.parts);
    }
    if (strips.parts == 1) tell(i, thread);
  });
  if (strips.parts > 1) pool.run(strips.count, tell);
}

}  // namespace intrain::ops
