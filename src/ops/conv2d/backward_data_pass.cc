#include "ops/conv2d/backward_data_pass.h"

#include <algorithm>
#include <cstring>

#include "ops/conv2d/padded_rows.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {

// The definition, image by image.
void BackwardDataPass::run_reference(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                                     uint8_t* workspace) const {
  const ConvShape& s = problem_.shape;
  pool.run(images, [&](int64_t image, int thread) {
    int32_t* diff_src = reinterpret_cast<int32_t*>(workspace + buffer_bytes() * static_cast<size_t>(thread));
    conv2d_backward_data_reference(s, 1, diff_dst + image * s.dst_pixels() * s.k, wei, diff_src);
    sink.image(static_cast<int>(image), diff_src, problem_.kernels->max_abs({diff_src, image_size()}));
  });
}

// The taps in the order of the error's pixels: segments rows, steps (column, k).
void BackwardDataPass::pack_panel(const StrideOffset& o, const int8_t* wei, int group, int n, uint8_t* matrix,
                                  const uint8_t* ones) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const int gc = s.group_c(), gk = s.group_k(), kp = padded(tile, gk);
  const int width = panel_width(tile, n, o.matrix.columns), valid = std::min(width, gc - n);
  uint8_t* const b = o.matrix.panel(matrix, n);
  for (int j = 0; j < o.taps_h; ++j)
    for (int i = 0; i < o.taps_w; ++i) {
      const int kh = o.tap0_h + s.stride * (o.taps_h - 1 - j), kw = o.tap0_w + s.stride * (o.taps_w - 1 - i);
      const int8_t* w = wei + (int64_t{group} * gk * s.taps() + int64_t{kh} * s.kw + kw) * gc + n;
      problem_.kernels->pack_interleave({reinterpret_cast<const uint8_t*>(w), s.taps() * gc, gk, valid, product_.b,
                                         b + (int64_t{j} * o.taps_w + i) * kp * width * tile.element_bytes, kp / tile.depth,
                                         width});
    }
  int32_t* const init = o.matrix.init(matrix, n);
  std::fill(init, init + width, 0);
  if (product_.a_moved == 0) return;
  correct_columns(tile, product_, width, {nullptr, 0, nullptr, o.taps_h, o.taps_w * kp / tile.depth, b, nullptr, nullptr, 0},
                  ones, zeros_.data(), init);
}

void BackwardDataPass::pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed, uint8_t* ones) const {
  if (problem_.depthwise()) return pack_depthwise_weights(wei, packed);
  const TileKernel& tile = problem_.tile();
  const int groups = problem_.shape.groups, count = panels(tile, offsets_[0].matrix.columns);
  fill_ones(tile, ones, run_);
  pool.run(static_cast<int64_t>(offsets_.size()) * groups * count, [&](int64_t task, int) {
    const StrideOffset& o = offsets_[static_cast<size_t>(task / count / groups)];
    const int g = static_cast<int>(task / count % groups), n = static_cast<int>(task % count) * full_width(tile);
    if (o.taps_h > 0) pack_panel(o, wei, g, n, packed + o.packed_at + static_cast<size_t>(g) * o.matrix.bytes, ones);
  });
}

// Rows of the padded error from `window` on, for the strip [first, first + count) of all stride offsets.
void BackwardDataPass::pack_error(const int8_t* diff_dst, int group, int first, int count, int window, uint8_t* scratch) const {
  const ConvShape& s = problem_.shape;
  const uint8_t* error = reinterpret_cast<const uint8_t*>(diff_dst);
  const int gk = s.group_k(), kp = padded(problem_.tile(), gk);
  if (problem_.flat()) {
    pack_rows(*problem_.kernels, product_.a, {error + int64_t{first} * s.k, 1, count, s.k, group * gk, gk, 0, 1, 0, count, kp},
              scratch);
    return;
  }
  pack_rows(*problem_.kernels, product_.a,
            {error, s.oh(), s.ow(), s.k, group * gk, gk, window - blocks_.error_pad_h, blocks_.strip_rows - blocks_.strip + count,
             blocks_.error_pad_w, blocks_.error_w, kp},
            scratch);
}

// The pixels of one stride offset in a strip. error: packed, from the row of its first pixel's first tap on.
void BackwardDataPass::multiply(const StrideOffset& o, const uint8_t* error, const uint8_t* packed, int32_t* diff_src, int group,
                                int first, int count, int part, int parts) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const bool flat = problem_.flat();
  const int gc = s.group_c(), kp = padded(tile, s.group_k());
  const int rows = flat ? 1 : std::min(o.rows - first, count), cols = flat ? count : o.cols;
  const auto pixel = [&](int y, int x) {
    if (flat) return diff_src + (int64_t{first} + x) * s.c + group * gc;
    return diff_src + ((int64_t{first + y} * s.stride + o.y) * s.w + int64_t{x} * s.stride + o.x) * s.c + group * gc;
  };
  const uint8_t* base = packed + o.packed_at + static_cast<size_t>(group) * o.matrix.bytes;
  BlockSums sums;
  for_each_panel(tile, o.matrix.columns, part, parts, [&](int n, int width) {
    const int valid = std::min(width, gc - n);
    TileArgs args{nullptr,
                  kp,
                  o.offset.data(),
                  o.taps_h,
                  o.taps_w * kp / tile.depth,
                  o.matrix.panel(base, n),
                  o.matrix.init(base, n),
                  nullptr,
                  int64_t{s.stride} * s.c};
    for (int y = 0; y < rows; ++y) {
      const uint8_t* a = error + int64_t{y} * blocks_.error_w * kp * tile.element_bytes;
      if (valid == width) {
        args.a = a;
        args.c = pixel(y, 0) + n;
        run_tiles(tile, product_, width, args, cols);
        continue;
      }
      args.ldc = width;
      args.c = sums.at;
      for (int x = 0; x < cols; x += kBlockRows) {
        const int block = std::min(cols - x, kBlockRows);
        args.a = a + int64_t{x} * kp * tile.element_bytes;
        run_tiles(tile, product_, width, args, block);
        for (int r = 0; r < block; ++r) std::memcpy(pixel(y, x + r) + n, sums.at + r * width, static_cast<size_t>(valid) * 4);
      }
    }
  });
}

// Rows [first, first + count) of every stride offset that taps reach of one image, or pixels of a list of them; panels part, part + parts, ...
void BackwardDataPass::strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first, int count, int part,
                             int parts, uint8_t* scratch) const {
  if (problem_.depthwise()) return depthwise_strip(diff_dst, packed, diff_src, first, count);
  int window = blocks_.error_h;  // first row of the padded error in scratch
  for (const StrideOffset& o : offsets_)
    if (o.taps_h > 0) window = std::min(window, o.origin_h + first);
  const int64_t pixel = padded(problem_.tile(), problem_.shape.group_k()) * problem_.tile().element_bytes;
  for (int g = 0; g < problem_.shape.groups; ++g) {
    pack_error(diff_dst, g, first, count, window, scratch);
    for (const StrideOffset& o : offsets_) {
      if (o.taps_h == 0) continue;
      const int64_t at = problem_.flat() ? 0 : int64_t{o.origin_h + first - window} * blocks_.error_w + o.origin_w;
      multiply(o, scratch + at * pixel, packed, diff_src, g, first, count, part, parts);
    }
  }
}

// The taps of a stride offset in the order of the error's pixels: [taps_h][taps_w][channels].
void BackwardDataPass::pack_depthwise_weights(const int8_t* wei, uint8_t* packed) const {
  const ConvShape& s = problem_.shape;
  for (const StrideOffset& o : offsets_)
    for (int j = 0; j < o.taps_h; ++j)
      for (int i = 0; i < o.taps_w; ++i) {
        const int kh = o.tap0_h + s.stride * (o.taps_h - 1 - j), kw = o.tap0_w + s.stride * (o.taps_w - 1 - i);
        uint8_t* to = packed + o.packed_at + (int64_t{j} * o.taps_w + i) * s.c;
        for (int c = 0; c < s.c; ++c) to[c] = static_cast<uint8_t>(wei[int64_t{c} * 9 + kh * 3 + kw]);
      }
}

void BackwardDataPass::depthwise_strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first,
                                       int count) const {
  const ConvShape& s = problem_.shape;
  for (const StrideOffset& o : offsets_) {
    const int rows = std::min(o.rows - first, count);
    if (rows <= 0) continue;
    const int64_t pixel = (int64_t{first} * s.stride + o.y) * s.w + o.x;
    problem_.kernels->depthwise_conv({diff_dst, true, s.oh(), s.ow(), s.c, reinterpret_cast<const int8_t*>(packed + o.packed_at),
                                      o.taps_h, o.taps_w, 1, o.origin_h - blocks_.error_pad_h, o.origin_w - blocks_.error_pad_w,
                                      first, rows, o.cols, int64_t{s.stride} * s.w * s.c, int64_t{s.stride} * s.c,
                                      diff_src + pixel * s.c, nullptr, nullptr});
  }
}

int BackwardDataPass::images_of(const Call& call, int64_t group) const {
  return std::min(blocks_.group, call.images - static_cast<int>(group) * blocks_.group);
}
// Rows of a stride offset, or pixels, of a group.
int BackwardDataPass::length_of(const Call& call, int64_t group) const {
  const ConvShape& s = problem_.shape;
  return problem_.flat() ? images_of(call, group) * static_cast<int>(s.src_pixels()) : (s.h + s.stride - 1) / s.stride;
}
const int8_t* BackwardDataPass::error_of(const Call& call, int64_t group) const {
  return call.diff_dst + group * blocks_.group * problem_.shape.dst_pixels() * problem_.shape.k;
}
int32_t* BackwardDataPass::buffer(const Call& call, int64_t i) const {
  return reinterpret_cast<int32_t*>(call.buffers + buffer_bytes() * static_cast<size_t>(i));
}
uint8_t* BackwardDataPass::scratch(const Call& call, int thread) const {
  return call.scratch + scratch_bytes() * static_cast<size_t>(thread);
}

// Threads share the groups.
void BackwardDataPass::run_groups(ThreadPool& pool, const Call& call) const {
  const ConvShape& s = problem_.shape;
  const int64_t size = image_size(), unit = problem_.flat() ? s.c : int64_t{s.stride} * s.w * s.c;  // of a strip
  pool.run(call.groups, [&](int64_t group, int thread) {
    int32_t* const diff_src = buffer(call, thread);
    const int length = length_of(call, group);
    uint32_t max = 0;
    for (int first = 0; first < length; first += blocks_.strip) {
      const int count = std::min(blocks_.strip, length - first);
      const int64_t begin = first * unit, end = problem_.flat() ? begin + count * unit : std::min(size, begin + count * unit);
      if (gaps_) std::fill(diff_src + begin, diff_src + end, 0);
      strip(error_of(call, group), call.packed, diff_src, first, count, 0, 1, scratch(call, thread));
      if (blocks_.group == 1) max = std::max(max, problem_.kernels->max_abs({diff_src + begin, end - begin}));
    }
    for (int i = 0; i < images_of(call, group); ++i)
      call.sink->image(static_cast<int>(group) * blocks_.group + i, diff_src + i * size,
                       blocks_.group == 1 ? max : problem_.kernels->max_abs({diff_src + i * size, size}));
  });
}

// Few images: threads share strips and columns, then the images.
void BackwardDataPass::run_strips(ThreadPool& pool, const Call& call) const {
  const int64_t size = image_size();
  const int threads = problem_.threads, strips = (length_of(call, 0) + blocks_.strip - 1) / blocks_.strip;
  const int parts = std::min(panels(problem_.tile(), offsets_[0].matrix.columns),
                             (4 * threads + call.groups * strips - 1) / (call.groups * strips));
  if (gaps_)
    pool.run(call.groups, [&](int64_t group, int) { std::fill_n(buffer(call, group), images_of(call, group) * size, 0); });
  pool.run(int64_t{call.groups} * strips * parts, [&](int64_t task, int thread) {
    const int64_t group = task / parts / strips;
    const int first = static_cast<int>(task / parts % strips) * blocks_.strip, length = length_of(call, group);
    if (first < length)
      strip(error_of(call, group), call.packed, buffer(call, group), first, std::min(blocks_.strip, length - first),
            static_cast<int>(task % parts), parts, scratch(call, thread));
  });
  pool.run(call.images, [&](int64_t i, int) {
    const int32_t* diff_src = buffer(call, i / blocks_.group) + i % blocks_.group * size;
    call.sink->image(static_cast<int>(i), diff_src, problem_.kernels->max_abs({diff_src, size}));
  });
}

void BackwardDataPass::run(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                           uint8_t* workspace) const {
  if (!problem_.has_tile()) return run_reference(pool, images, diff_dst, wei, sink, workspace);
  Call call{images, (images + blocks_.group - 1) / blocks_.group, diff_dst, &sink, workspace, nullptr, nullptr, nullptr};
  call.ones = call.packed + packed_bytes_;
  call.buffers = call.ones + ones_bytes();
  call.scratch = call.buffers + buffer_bytes() * static_cast<size_t>(blocks_.buffers);
  pack_weights(pool, wei, call.packed, call.ones);
  if (call.groups >= 2 * problem_.threads || problem_.threads == 1)
    run_groups(pool, call);
  else
    run_strips(pool, call);
}

}  // namespace intrain::ops
