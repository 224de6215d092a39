#include "ops/conv2d/backward_weights_by_tap.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/atomic_max.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {
namespace {

constexpr int kSumBlock = 1 << 12;  // of private sums that a task adds up

}  // namespace

WeightsByTap::Group WeightsByTap::group(const Call& call, int64_t i, int slot, ExactSums sums, bool first, bool last) const {
  const int64_t begin = i * call.images / call.groups, end = (i + 1) * call.images / call.groups;
  uint8_t* const at = call.workspace + group_bytes() * static_cast<size_t>(slot);
  const size_t matrices = matrix_bytes() * sources_.size() * static_cast<size_t>(problem_.shape.groups);
  return {begin, static_cast<int>(end - begin), at, at + group_bytes() - matrices, sums, first, last};
}

uint8_t* WeightsByTap::matrix(const Group& group, int source, int g) const {
  return group.matrices + matrix_bytes() * static_cast<size_t>(source * problem_.shape.groups + g);
}

// Pixels of a pseudo-image.
int WeightsByTap::flat_width(const Call& call, int64_t image) const {
  return static_cast<int>(std::min<int64_t>(blocks_.width, call.pixels - image * blocks_.width));
}

// Task: of kErrorChannels channels of an image.
void WeightsByTap::pack_error(const Call& call, const Group& group, int64_t task) const {
  const ConvShape& s = problem_.shape;
  const Blocks& b = blocks_;
  const int element = product_.a.element_bytes;
  const int i = static_cast<int>(task % group.count), k0 = static_cast<int>(task / group.count) * kErrorChannels;
  const int64_t image = group.begin + i;
  const int channels = std::min(kErrorChannels, s.k - k0);
  const int width = problem_.flat() ? flat_width(call, image) : s.ow(), height = problem_.flat() ? 1 : s.oh();
  const uint8_t* in = call.diff_dst + image * (problem_.flat() ? b.width : s.dst_pixels()) * s.k + k0;
  uint8_t* const out = group.planar + (k0 * b.plane + b.lead + int64_t{i} * b.error_h * b.error_w) * element;
  if (width != b.error_w || height != b.error_h)
    for (int k = 0; k < channels; ++k) {
      const int lead = i == 0 ? b.lead : 0;
      fill_zero(product_.a, out + (k * b.plane - lead) * element, lead + int64_t{b.error_h} * b.error_w);
    }
  // Where a tile reads past the last image, moved zeros of x are -128, and what they meet must not be.
  if (product_.b_moved != 0 && i == group.count - 1) {
    const int64_t past = b.lead + int64_t{group.count} * b.error_h * b.error_w;
    const int64_t count = std::min<int64_t>(b.plane - past, problem_.tile().depth + static_cast<int64_t>(kAlignment));
    for (int k = 0; k < channels; ++k) fill_zero(product_.a, group.planar + ((k0 + k) * b.plane + past) * element, count);
  }
  uint8_t* const rows = out + int64_t{b.pad_h} * b.error_w * element;
  if (width == b.error_w) {  // rows follow each other
    problem_.kernels->pack_transpose({in, s.k, height * width, channels, product_.a, rows, b.plane});
    return;
  }
  for (int y = 0; y < height; ++y)
    problem_.kernels->pack_transpose(
        {in + int64_t{y} * width * s.k, s.k, width, channels, product_.a, rows + int64_t{y} * b.error_w * element, b.plane});
}

// An image of x as a dense convolution pairs it with one of the error: for each output pixel (row, col) the pixel of the source at (row,
// col - move), 0 where there is none.
void WeightsByTap::gather_dense(const Source& source, const uint8_t* image, uint8_t* out) const {
  const ConvShape& s = problem_.shape;
  const size_t pixel = static_cast<size_t>(s.c);
  const auto zeros = [&](int pixels) {
    std::memset(out, 0, static_cast<size_t>(pixels) * pixel);
    out += static_cast<size_t>(pixels) * pixel;
  };
  for (int row = 0; row < s.oh(); ++row) {
    const int y = row * s.stride + source.y;
    const int first = std::max(0, source.move), valid = y < s.h ? (s.w - source.x + s.stride - 1) / s.stride : 0;
    const int end = std::min(s.ow(), valid + source.move);
    if (first >= end) {
      zeros(s.ow());
      continue;
    }
    zeros(first);
    const uint8_t* in = image + (int64_t{y} * s.w + source.x + int64_t{first - source.move} * s.stride) * s.c;
    if (s.stride == 1) {
      std::memcpy(out, in, static_cast<size_t>(end - first) * pixel);
      out += static_cast<size_t>(end - first) * pixel;
    } else {
      for (int col = first; col < end; ++col, in += s.stride * s.c, out += pixel) std::memcpy(out, in, pixel);
    }
    zeros(s.ow() - end);
  }
}

// Task: of kSourceRows rows of an image, for all sources.
void WeightsByTap::pack_source(const Call& call, const Group& group, int64_t task, int thread) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Blocks& b = blocks_;
  const int i = static_cast<int>(task / call.source_tasks), row_size = b.steps * tile.depth, gc = s.group_c();
  const int64_t image = group.begin + i, k_size = int64_t{group.count} * b.rows * row_size;
  const int q0 = static_cast<int>(task % call.source_tasks) * kSourceRows, q1 = std::min(b.rows, q0 + kSourceRows);
  for (int f = 0; f < static_cast<int>(sources_.size()); ++f)
    for (int q = q0; q < q1; ++q) {
      // A row of x: `valid` pixels from `in`, `stride` bytes apart.
      const Source& source = sources_[static_cast<size_t>(f)];
      const int y = q * s.stride + source.y;
      const uint8_t* in = call.src;
      int valid = 0;
      int64_t stride = int64_t{s.stride} * s.c;
      if (problem_.flat()) {
        in = call.src + image * b.width * s.c;
        valid = flat_width(call, image);
      } else if (b.dense) {
        uint8_t* const pixels = call.scratch + scratch_bytes() * static_cast<size_t>(thread);
        gather_dense(source, call.src + image * s.src_pixels() * s.c, pixels);
        in = pixels;
        valid = static_cast<int>(s.dst_pixels());
        stride = s.c;
      } else if (y < s.h) {
        in = call.src + ((image * s.h + y) * s.w + source.x) * s.c;
        valid = source.x < s.w ? (s.w - source.x + s.stride - 1) / s.stride : 0;
      }
      const int64_t at = (int64_t{i} * b.rows + q) * row_size;
      for (int g = 0; g < s.groups; ++g)
        for_each_panel(tile, padded_columns(tile, gc), 0, 1, [&](int n, int width) {
          problem_.kernels->pack_interleave({in + g * gc + n, stride, valid, std::min(width, gc - n), product_.b,
                                             matrix(group, f, g) + (k_size * n + at * width) * tile.element_bytes, b.steps,
                                             width});
        });
    }
}

// Task: a tap, a panel, and a block of rows. Returns max |sums| of those that are complete with it.
uint64_t WeightsByTap::multiply(const Call& call, const Group& group, int64_t task) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Blocks& b = blocks_;
  const int64_t taps = static_cast<int64_t>(taps_.size());
  const int gk = s.group_k(), gc = s.group_c(), columns = padded_columns(tile, gc), count = panels(tile, columns);
  const Tap& tap = taps_[static_cast<size_t>(task % taps)];
  const int n = static_cast<int>(task / taps % count) * full_width(tile), width = panel_width(tile, n, columns);
  const int first = static_cast<int>(task / taps / count % call.blocks) * call.block_rows,
            g = static_cast<int>(task / taps / count / call.blocks), rows = std::min(call.block_rows, gk - first);
  const int valid = std::min(width, gc - n), rows_all = group.count * b.rows, row_size = b.steps * tile.depth;
  const uint8_t* panel = matrix(group, tap.source, g) + int64_t{rows_all} * row_size * n * tile.element_bytes;
  const int64_t next = int64_t{s.taps()} * gc;  // from one k to the next
  PanelSums init;
  BlockSums sums;
  uint64_t max = 0;
  for (int at = 0; at < rows_all; at += b.sub) {
    const bool first_sums = group.first && at == 0, last_sums = group.last && at + b.sub >= rows_all;
    const int sub = std::min(b.sub, rows_all - at), span = b.span == 0 ? sub : b.span;
    TileArgs args{nullptr,    b.plane,        offset_.data() + at / std::max(1, b.span),
                  sub / span, span * b.steps, panel + int64_t{at} * row_size * width * tile.element_bytes,
                  init.at,    sums.at,        width};
    if (product_.a_moved != 0) correct_columns(tile, product_, width, args, call.ones, zeros_.data(), init.at);
    for (int row = 0; row < rows; row += kBlockRows) {
      const int block = std::min(kBlockRows, rows - row);
      const int64_t k = int64_t{g} * gk + first + row;
      args.a = group.planar + (k * b.plane + tap.shift) * tile.element_bytes;
      const ExactSums to = group.sums.from((k * s.taps() + tap.index) * gc + n);
      to.visit([&](const auto* out) {  // short runs, far apart: no hardware foresees them
        constexpr int kLine = 64 / static_cast<int>(sizeof(*out));
        for (int r = 0; r < block; ++r)
          for (int c = 0; c < valid; c += kLine) __builtin_prefetch(out + r * next + c, 1, 2);
      });
      if (product_.b_moved != 0) {
        correct_rows(tile, product_, width, args, block, call.ones, &sums);
        args.init = nullptr;
      }
      run_tiles(tile, product_, width, args, block);
      max = std::max(max, problem_.kernels->add_sums({sums.at, width, block, valid, first_sums, last_sums, to, next}));
    }
  }
  return max;
}

// To diff_wei, which holds those of thread 0, the sums of the other threads that have any.
template <class Sum>
uint64_t WeightsByTap::add_up(ThreadPool& pool, const bool* started, Sum* diff_wei, const Sum* privates) const {
  std::atomic<uint64_t> max{0};
  const int64_t weights = problem_.shape.weights(), slot = static_cast<int64_t>(sums_bytes() / sizeof(Sum));
  pool.run((weights + kSumBlock - 1) / kSumBlock, [&](int64_t block, int) {
    const int64_t begin = block * kSumBlock, size = std::min<int64_t>(kSumBlock, weights - begin);
    Sum* out = diff_wei + begin;
    if (!started[0]) std::fill_n(out, size, 0);
    for (int t = 1; t < problem_.threads; ++t) {
      const Sum* in = privates + (t - 1) * slot + begin;
      if (started[t])
        for (int64_t j = 0; j < size; ++j) out[j] += in[j];
    }
    atomic_max(max, problem_.kernels->sgd_grad_max({out, 0, size}));
  });
  return max;
}

template <class Sum>
uint64_t WeightsByTap::run_of(ThreadPool& pool, const Call& c, Sum* diff_wei) const {
  if (!blocks_.by_images) {
    std::atomic<uint64_t> max{0};
    for (int64_t i = 0; i < c.groups; ++i) {
      const Group g = group(c, i, 0, diff_wei, i == 0, i == c.groups - 1);
      pool.run(int64_t{c.error_tasks} * g.count, [&](int64_t task, int) { pack_error(c, g, task); });
      pool.run(int64_t{c.source_tasks} * g.count, [&](int64_t task, int thread) { pack_source(c, g, task, thread); });
      pool.run(c.products, [&](int64_t task, int) { atomic_max(max, multiply(c, g, task)); });
    }
    return max;
  }
  bool started[kMaxThreads] = {};
  Sum* const privates = reinterpret_cast<Sum*>(c.scratch + scratch_bytes() * static_cast<size_t>(problem_.threads));
  const int64_t slot = static_cast<int64_t>(sums_bytes() / sizeof(Sum));
  pool.run(c.groups, [&](int64_t i, int thread) {
    const Group g = group(c, i, thread, thread == 0 ? diff_wei : privates + (thread - 1) * slot, !started[thread], false);
    started[thread] = true;
    for (int64_t task = 0; task < int64_t{c.error_tasks} * g.count; ++task) pack_error(c, g, task);
    for (int64_t task = 0; task < int64_t{c.source_tasks} * g.count; ++task) pack_source(c, g, task, thread);
    for (int64_t task = 0; task < c.products; ++task) multiply(c, g, task);
  });
  return add_up(pool, started, diff_wei, privates);
}

uint64_t WeightsByTap::run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, ExactSums diff_wei,
                           uint8_t* workspace) const {
  const Call c = call(images, src, diff_dst, workspace);
  fill_ones(problem_.tile(), c.ones, static_cast<int64_t>(ones_bytes()) / problem_.tile().element_bytes);
  return diff_wei.visit([&](auto* sums) { return run_of(pool, c, sums); });
}

}  // namespace intrain::ops
