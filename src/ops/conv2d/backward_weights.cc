#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "core/check.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {
namespace {

constexpr int kFlatPixels = 64;  // of a pseudo-image
// Packed at once, about: what a second-level cache holds if that is much, else enough for long sums.
constexpr int kGroupBytes = 1 << 19, kGroupPixelsLeast = 2048, kGroupPixelsMost = 16384;
constexpr int kSubPixels = 2048;  // summed in s32, about: a panel of b stays in the second-level cache
static_assert(kSubPixels < kMaxReduction / 2);
constexpr int kSumBlock = 1 << 12;  // of private sums that a task adds up

int floor_div(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

}  // namespace

// An image of x as a dense pass pairs it with one of the error: for each output pixel (row, col) the pixel of x of this phase at (row,
// col - move), 0 where there is none.
void Conv2d::gather_dense(const WeightPhase& phase, const uint8_t* image, uint8_t* out) const {
  const ConvShape& s = shape_;
  const size_t pixel = static_cast<size_t>(s.c);
  for (int row = 0; row < s.oh(); ++row) {
    const int y = row * s.stride + phase.py;
    const uint8_t* in = image + (int64_t{y} * s.w + phase.px) * s.c;
    const int first = std::max(0, phase.move), valid = y < s.h ? (s.w - phase.px + s.stride - 1) / s.stride : 0;
    const int end = std::min(s.ow(), valid + phase.move);
    if (first >= end) {
      std::memset(out, 0, static_cast<size_t>(s.ow()) * pixel);
      out += static_cast<size_t>(s.ow()) * pixel;
      continue;
    }
    std::memset(out, 0, static_cast<size_t>(first) * pixel);
    out += static_cast<size_t>(first) * pixel;
    in += int64_t{first - phase.move} * s.stride * s.c;
    if (s.stride == 1) {
      std::memcpy(out, in, static_cast<size_t>(end - first) * pixel);
      out += static_cast<size_t>(end - first) * pixel;
    } else {
      for (int col = first; col < end; ++col, in += s.stride * s.c, out += pixel) std::memcpy(out, in, pixel);
    }
    std::memset(out, 0, static_cast<size_t>(s.ow() - end) * pixel);
    out += static_cast<size_t>(s.ow() - end) * pixel;
  }
}

// Output pixel p and tap kh meet at x row h = p * stride - pad + kh = q * stride + py: py = (kh - pad) mod stride,
// p = q - floor((kh - pad) / stride).
void Conv2d::plan_backward_weights(int max_images) {
  if (narrow()) return plan_backward_weights_narrow();
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  WeightPass& w = weight_;
  w = {};
  w.rows = flat_ ? 1 : (s.h + s.stride - 1) / s.stride;
  w.width = flat_ ? kFlatPixels : (s.w + s.stride - 1) / s.stride;
  w.steps = padded(w.width) / tile.k_unit;

  struct Move {
    int h, w;
  };
  std::vector<Move> moves;  // of each tap: p - q
  int top = 0, bottom = 0, left = 0, right = 0, furthest = 0;
  for (int index = 0; index < static_cast<int>(s.taps()); ++index) {
    const int kh = index / s.kw - s.pad, kw = index % s.kw - s.pad;
    const Move m{-floor_div(kh, s.stride), -floor_div(kw, s.stride)};
    moves.push_back(m);
    top = std::max(top, -m.h);
    left = std::max(left, -m.w);
    bottom = std::max(bottom, w.rows - 1 + m.h - (s.oh() - 1));
    right = std::max(right, w.width - 1 + m.w - (s.ow() - 1));
    furthest = std::max(furthest, std::abs(m.w));
  }
  const int pixels = w.rows * w.width;
  w.dense = !flat_ && padded(pixels) < w.rows * padded(w.width) && w.width == s.ow() && w.rows == s.oh() && furthest < w.width &&
            pixels <= kSubPixels;
  if (w.dense) {
    w.steps = padded(pixels) / tile.k_unit;
    w.rows = 1;
    left = right = 0;
  }
  for (int index = 0; index < static_cast<int>(s.taps()); ++index) {
    Move& m = moves[static_cast<size_t>(index)];
    const int kh = index / s.kw - s.pad, kw = index % s.kw - s.pad;
    const WeightPhase phase{kh + m.h * s.stride, kw + m.w * s.stride, w.dense ? m.w : 0};
    if (w.dense) m.w = 0;  // x is moved instead of the error
    size_t f = 0;
    while (f < w.phases.size() && w.phases[f] != phase) ++f;
    if (f == w.phases.size()) w.phases.push_back(phase);
    w.list.push_back({static_cast<int>(f), 0, index});
  }
  w.pad_h = flat_ ? 0 : top;
  w.lead = flat_ ? 0 : left;
  w.e_h = flat_ ? 1 : s.oh() + top + bottom;
  w.e_w = flat_ ? kFlatPixels : s.ow() + std::max(left, right);
  w.span = 1;
  if (!w.dense && w.e_w <= w.steps * tile.k_unit) {
    w.e_w = w.steps * tile.k_unit;
    if (w.e_h == w.rows)
      w.span = 0;
    else if (w.rows * w.e_w <= kSubPixels)
      w.span = w.rows;
  }

  const int64_t images = flat_ ? (max_images * s.dst_pixels() + kFlatPixels - 1) / kFlatPixels : max_images;
  const int group = std::clamp(kGroupBytes / ((s.k + columns(s.group_c()) * s.groups) * tile.element_bytes), kGroupPixelsLeast,
                               kGroupPixelsMost);
  w.images = static_cast<int>(std::clamp<int64_t>((group + pixels - 1) / pixels, 1, images));
  // Private sums where they are not much more than what would be shared instead, and groups come out even.
  w.by_images = threads_ > 1 && (images >= 4 * threads_ || (images >= threads_ && images % threads_ == 0)) &&
                (threads_ - 1) * s.weights() * 8 <= 2 * max_images * (s.dst_pixels() * s.k + s.src_pixels() * s.c);
  const int span = std::max(1, w.span), span_pixels = span * w.steps * tile.k_unit;
  CHECK_LE(span_pixels, kMaxReduction);  // of one row, or at most kSubPixels
  w.sub = std::max(1, kSubPixels / span_pixels) * span;
  // Rows of a start in different cache sets: an odd number of lines, and room for a tile's last loads.
  const int64_t line = static_cast<int64_t>(kAlignment) / tile.element_bytes;
  w.plane = ((w.lead + int64_t{w.images} * w.e_h * w.e_w + tile.k_unit + line) / line | 1) * line;
  for (size_t i = 0; i < moves.size(); ++i) w.list[i].shift = (moves[i].h + w.pad_h) * w.e_w + moves[i].w + w.lead;
  for (int i = 0; i < w.images; ++i)
    for (int q = 0; q < w.rows; q += span) w.offset.push_back((int64_t{i} * w.e_h + q) * w.e_w);
  w.zeros.assign(std::min(w.offset.size(), static_cast<size_t>(w.sub)), 0);
  w.b_bytes = align_up(static_cast<size_t>(int64_t{w.images} * w.rows * w.steps * tile.k_unit * columns(s.group_c())) *
                       static_cast<size_t>(tile.element_bytes));
}

size_t Conv2d::weight_group_bytes() const {
  const WeightPass& w = weight_;
  return align_up(static_cast<size_t>(w.plane * shape_.k + w.e_h * w.e_w) * static_cast<size_t>(kernels_.tile->element_bytes) +
                  kAlignment) +
         w.b_bytes * w.phases.size() * static_cast<size_t>(shape_.groups);
}

// An image's pixels of x for a thread of a dense pass.
size_t Conv2d::weight_scratch_bytes() const {
  const ConvShape& s = shape_;
  return weight_.dense ? align_up(static_cast<size_t>(s.dst_pixels() * s.c)) : 0;
}

// Groups (the planar error, b of every phase and group of channels), a run of the value 1, scratch, and the private sums.
size_t Conv2d::backward_weights_workspace_bytes() const {
  if (kernels_.tile == nullptr) return 0;
  if (depthwise()) return weight_depthwise_bytes();
  const size_t threads = static_cast<size_t>(threads_);
  if (narrow()) return narrow_thread_bytes() * threads;
  const WeightPass& w = weight_;
  return weight_group_bytes() * (w.by_images ? threads : 1) +
         align_up(static_cast<size_t>(w.sub * w.steps * kernels_.tile->k_unit) *
                  static_cast<size_t>(kernels_.tile->element_bytes)) +
         weight_scratch_bytes() * threads +
         (w.by_images ? align_up(static_cast<size_t>(shape_.weights()) * 8) * (threads - 1) : 0);
}

template <class Element>
void Conv2d::backward_weights_as(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                                 uint8_t* workspace) const {
  if (narrow()) return backward_weights_narrow<Element>(pool, images, src, diff_dst, diff_wei, workspace);
  const ConvShape& s = shape_;
  const WeightPass& w = weight_;
  const TileKernel& tile = *kernels_.tile;
  const int gk = s.group_k(), unit = tile.k_unit, np = columns(s.group_c()), groups = s.groups;
  const int phases = static_cast<int>(w.phases.size()), panel_count = panels(np), taps = static_cast<int>(w.list.size());
  // A signed x must be the signed operand b, so the error is moved to unsigned; else the error is the signed one.
  const bool unsigned_error = s.signed_src;
  const PackFormat error_pack = error_format(unsigned_error), src_pack{tile.element_bytes, s.signed_src, 0};
  const TileKernel::Functions& functions = unsigned_error ? *tile.unsigned_a : *tile.signed_a;

  Element* ones = reinterpret_cast<Element*>(workspace + weight_group_bytes() * static_cast<size_t>(w.by_images ? threads_ : 1));
  uint8_t* scratch = reinterpret_cast<uint8_t*>(ones) + align_up(static_cast<size_t>(w.sub * w.steps * unit) * sizeof(Element));
  std::fill_n(ones, int64_t{w.sub} * w.steps * unit, Element{1});

  const int64_t pixels_all = images * s.dst_pixels();  // flat
  // (Pseudo-)images that are packed at once, and where their sums go.
  struct Group {
    int64_t begin;
    int count;
    Element* planar;
    uint8_t* matrices;
    int64_t* sums;
    bool overwrite;
  };
  const int64_t count_all = flat_ ? (pixels_all + kFlatPixels - 1) / kFlatPixels : images;
  int64_t group_count = (count_all + w.images - 1) / w.images;
  if (w.by_images) group_count = std::min(count_all, (group_count + threads_ - 1) / threads_ * threads_);  // as many for each
  const auto group_at = [&](int64_t i, int slot, int64_t* sums, bool overwrite) {
    const int64_t begin = i * count_all / group_count, end = (i + 1) * count_all / group_count;
    uint8_t* at = workspace + weight_group_bytes() * static_cast<size_t>(slot);
    return Group{begin,
                 static_cast<int>(end - begin),
                 reinterpret_cast<Element*>(at),
                 at + weight_group_bytes() - w.b_bytes * static_cast<size_t>(phases * groups),
                 sums,
                 overwrite};
  };
  const auto matrix_of = [&](const Group& group, int phase, int g) {
    return reinterpret_cast<Element*>(group.matrices + w.b_bytes * static_cast<size_t>(phase * groups + g));
  };

  constexpr int kChannels = 64;  // of the error a task packs
  const int error_blocks = (s.k + kChannels - 1) / kChannels;
  constexpr int kRows = 8;  // of x a task packs
  const int row_blocks = (w.rows + kRows - 1) / kRows;
  // Blocks of output rows: enough tasks to share evenly, and where threads share a group, rows of its error for each.
  const int most = tile.max_rows[panel_width(tile, 0, np) / tile.lanes];
  const int64_t one_block = int64_t{groups} * panel_count * taps;
  const int64_t blocks_wanted = std::max<int64_t>((8 * threads_ + one_block - 1) / one_block, w.by_images ? 1 : threads_);
  const int row_tiles = (gk + most - 1) / most;
  const int block_tiles = std::max<int>(1, row_tiles / static_cast<int>(std::min<int64_t>(blocks_wanted, row_tiles)));
  const int block_rows = block_tiles * most, blocks = (gk + block_rows - 1) / block_rows;

  const auto flat_width_of = [&](int64_t image) {
    return flat_ ? static_cast<int>(std::min<int64_t>(kFlatPixels, pixels_all - image * kFlatPixels)) : 0;
  };
  const auto pack_error = [&](const Group& group, int64_t task) {
    const int i = static_cast<int>(task % group.count), k0 = static_cast<int>(task / group.count) * kChannels;
    const int64_t image = group.begin + i;
    const int flat_width = flat_width_of(image), channels = std::min(kChannels, s.k - k0);
    const uint8_t* in = reinterpret_cast<const uint8_t*>(diff_dst) + image * (flat_ ? kFlatPixels : s.dst_pixels()) * s.k + k0;
    Element* out = group.planar + k0 * w.plane + w.lead + int64_t{i} * w.e_h * w.e_w;
    const int width = flat_ ? flat_width : s.ow(), height = flat_ ? 1 : s.oh();
    const bool whole = width == w.e_w && height == w.e_h;
    if (!whole)
      for (int k = 0; k < channels; ++k) {
        const int lead = i == 0 ? w.lead : 0;
        fill_zero(error_pack, out + k * w.plane - lead, lead + int64_t{w.e_h} * w.e_w);
      }
    if (width == w.e_w) {  // rows follow each other
      kernels_.pack_transpose({in, s.k, height * width, channels, error_pack, out + int64_t{w.pad_h} * w.e_w, w.plane});
      return;
    }
    for (int y = 0; y < height; ++y)
      kernels_.pack_transpose(
          {in + int64_t{y} * width * s.k, s.k, width, channels, error_pack, out + int64_t{w.pad_h + y} * w.e_w, w.plane});
  };
  const auto pack_source = [&](const Group& group, int64_t task, int thread) {
    const int i = static_cast<int>(task / row_blocks);
    const int64_t image = group.begin + i, k_size = int64_t{group.count} * w.rows * w.steps * unit;
    const int flat_width = flat_width_of(image);
    const int q0 = static_cast<int>(task % row_blocks) * kRows, q1 = std::min(w.rows, q0 + kRows);
    for (int f = 0; f < phases; ++f)
      for (int q = q0; q < q1; ++q) {
        // A row of x: `valid` pixels from `in`, `stride` bytes apart.
        const int y = q * s.stride + w.phases[static_cast<size_t>(f)].py, px = w.phases[static_cast<size_t>(f)].px;
        const uint8_t* in;
        int valid;
        int64_t stride = int64_t{s.stride} * s.c;
        if (flat_) {
          in = src + image * kFlatPixels * s.c;
          valid = flat_width;
        } else if (w.dense) {
          uint8_t* const pixels = scratch + weight_scratch_bytes() * static_cast<size_t>(thread);
          gather_dense(w.phases[static_cast<size_t>(f)], src + image * s.src_pixels() * s.c, pixels);
          in = pixels;
          valid = static_cast<int>(s.dst_pixels());
          stride = s.c;
        } else if (y >= s.h) {
          in = src;
          valid = 0;
        } else {
          in = src + ((image * s.h + y) * s.w + px) * s.c;
          valid = px < s.w ? (s.w - px + s.stride - 1) / s.stride : 0;
        }
        const int64_t at = (int64_t{i} * w.rows + q) * w.steps * unit;
        for (int g = 0; g < groups; ++g)
          for_each_panel(tile, np, 0, 1, [&](int n, int width) {
            kernels_.pack_interleave({in + g * s.group_c() + n, stride, valid, std::min(width, s.group_c() - n), src_pack,
                                      matrix_of(group, f, g) + k_size * n + at * width, w.steps, width});
          });
      }
  };
  const int64_t products = int64_t{groups} * panel_count * taps * blocks;
  const auto multiply = [&](const Group& group, int64_t task) {
    const int rows_all = group.count * w.rows;
    const WeightTap& tap = w.list[static_cast<size_t>(task % taps)];
    const int panel = static_cast<int>(task / taps % panel_count),
              first = static_cast<int>(task / taps / panel_count % blocks) * block_rows,
              g = static_cast<int>(task / taps / panel_count / blocks), rows = std::min(block_rows, gk - first);
    const int n = panel * tile.max_vectors * tile.lanes, width = panel_width(tile, n, np);
    const int valid = std::min(width, s.group_c() - n);
    const Element* b = matrix_of(group, tap.phase, g) + int64_t{rows_all} * w.steps * unit * n;
    alignas(64) int32_t init[TileKernel::kMaxVectors * TileKernel::kMaxLanes] = {};
    alignas(64) int32_t sums[kBlockRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];
    for (int at = 0; at < rows_all; at += w.sub) {
      const int sub = std::min(w.sub, rows_all - at), span = w.span == 0 ? sub : w.span;
      const int64_t* offset = w.offset.data() + at / std::max(1, w.span);
      TileArgs args{nullptr, w.plane, offset, sub / span, span * w.steps, b + int64_t{at} * w.steps * unit * width,
                    init,    sums,    width};
      if (unsigned_error && tile.signed_offset() != 0) {
        // -128 * the sums of the columns, by a tile whose every a is 1.
        std::fill(init, init + width, 0);
        args.a = ones;
        args.offset = w.zeros.data();
        functions.of[width / tile.lanes][1](args);
        for (int c = 0; c < width; ++c) init[c] = -tile.signed_offset() * sums[c];
        args.offset = offset;
      }
      for (int row = 0; row < rows; row += kBlockRows) {
        const int block = std::min(kBlockRows, rows - row);
        const int64_t k = int64_t{g} * gk + first + row;
        args.a = group.planar + k * w.plane + tap.shift;
        int64_t* const to = group.sums + (k * s.taps() + tap.index) * s.group_c() + n;
        const int64_t next = int64_t{s.taps()} * s.group_c();
        for (int r = 0; r < block; ++r)  // short runs, far apart: no hardware foresees them
          for (int c = 0; c < valid; c += 8) __builtin_prefetch(to + r * next + c, 1, 2);
        run_tiles<Element>(tile, functions, width, args, block);
        kernels_.add_sums({sums, width, block, valid, group.overwrite && at == 0, to, next});
      }
    }
  };
  if (!w.by_images) {
    for (int64_t i = 0; i < group_count; ++i) {
      const Group group = group_at(i, 0, diff_wei, i == 0);
      pool.run(int64_t{error_blocks} * group.count, [&](int64_t task, int) { pack_error(group, task); });
      pool.run(int64_t{group.count} * row_blocks, [&](int64_t task, int thread) { pack_source(group, task, thread); });
      pool.run(products, [&](int64_t task, int) { multiply(group, task); });
    }
    return;
  }
  bool started[kMaxThreads] = {};
  int64_t* const privates = reinterpret_cast<int64_t*>(scratch + weight_scratch_bytes() * static_cast<size_t>(threads_));
  const int64_t private_stride = static_cast<int64_t>(align_up(static_cast<size_t>(s.weights()) * 8)) / 8;
  const auto sums_of = [&](int thread) { return thread == 0 ? diff_wei : privates + (thread - 1) * private_stride; };
  pool.run(group_count, [&](int64_t i, int thread) {
    const Group group = group_at(i, thread, sums_of(thread), !started[thread]);
    started[thread] = true;
    for (int64_t task = 0; task < int64_t{error_blocks} * group.count; ++task) pack_error(group, task);
    for (int64_t task = 0; task < int64_t{group.count} * row_blocks; ++task) pack_source(group, task, thread);
    for (int64_t task = 0; task < products; ++task) multiply(group, task);
  });
  const int64_t blocks_all = (s.weights() + kSumBlock - 1) / kSumBlock;
  pool.run(blocks_all, [&](int64_t block, int) {
    const int64_t begin = block * kSumBlock, size = std::min<int64_t>(kSumBlock, s.weights() - begin);
    int64_t* out = diff_wei + begin;
    if (!started[0]) std::fill_n(out, size, 0);
    for (int t = 1; t < threads_; ++t) {
      const int64_t* in = sums_of(t) + begin;
      if (started[t])
        for (int64_t j = 0; j < size; ++j) out[j] += in[j];
    }
  });
}

void Conv2d::backward_weights(ThreadPool& pool, int images, const void* src, const int8_t* diff_dst, int64_t* diff_wei,
                              uint8_t* workspace) const {
  const uint8_t* bytes = static_cast<const uint8_t*>(src);
  if (kernels_.tile == nullptr) {
    std::memset(diff_wei, 0, static_cast<size_t>(shape_.weights()) * 8);
    conv2d_backward_weights_reference(shape_, images, src, diff_dst, diff_wei);
  } else if (depthwise()) {
    backward_weights_depthwise(pool, images, bytes, diff_dst, diff_wei, workspace);
  } else if (kernels_.tile->element_bytes == 1) {
    backward_weights_as<uint8_t>(pool, images, bytes, diff_dst, diff_wei, workspace);
  } else {
    backward_weights_as<int16_t>(pool, images, bytes, diff_dst, diff_wei, workspace);
  }
}

}  // namespace intrain::ops
