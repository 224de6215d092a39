#include <algorithm>

#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

void Conv2d::plan_backward_data(int max_images) {
  const ConvShape& s = shape_;
  const int kp = padded(s.group_k());
  // Pixel h = stride * i + py takes the error rows oh = i + base - j, kh = tap0 + stride * j, for j in [0, taps).
  const auto axis = [&](int size, int kernel, int phase, int* count, int* taps, int* tap0, int* base) {
    *count = (size - phase + s.stride - 1) / s.stride;
    *tap0 = (phase + s.pad) % s.stride;
    *taps = *tap0 < kernel ? (kernel - *tap0 + s.stride - 1) / s.stride : 0;
    *base = (phase + s.pad - *tap0) / s.stride;
  };
  backward_gaps_ = false;
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
      if (p.taps_h == 0 || p.taps_w == 0) {
        p.taps_h = p.taps_w = 0;
        backward_gaps_ = true;
      }
      p.origin_h = base_h - p.taps_h + 1;
      p.origin_w = base_w - p.taps_w + 1;
      if (p.taps_h > 0) {
        before_h = std::max(before_h, -p.origin_h);
        before_w = std::max(before_w, -p.origin_w);
        after_h = std::max(after_h, p.rows - 1 + base_h - (s.oh() - 1));
        after_w = std::max(after_w, p.cols - 1 + base_w - (s.ow() - 1));
      }
      p.matrix = matrix(int64_t{p.taps_h} * p.taps_w * kp, s.group_c());
      p.packed_at = at;
      if (p.taps_h > 0) at += p.matrix.bytes;
      phases_.push_back(std::move(p));
    }
  backward_packed_bytes_ = at;
  error_pad_h_ = before_h;
  error_pad_w_ = before_w;
  error_h_ = s.oh() + before_h + after_h;
  error_w_ = s.ow() + before_w + after_w;
  int lowest = error_h_, highest = 0;
  backward_run_ = 0;
  for (Phase& p : phases_) {
    p.origin_h += before_h;
    p.origin_w += before_w;
    for (int j = 0; j < p.taps_h; ++j) p.offset.push_back(int64_t{j} * error_w_ * kp);
    if (p.taps_h == 0) continue;
    lowest = std::min(lowest, p.origin_h);
    highest = std::max(highest, p.origin_h + p.taps_h);
    backward_run_ = std::max(backward_run_, int64_t{p.taps_w} * kp);
  }
  if (lowest > highest) lowest = highest = 0;  // no tap reaches a pixel: all zero
  // Strips of about 16 K sums, at most eight times as many errors: 64 KB of s32, whose maximum is taken while they are in cache.
  const int pixels = std::clamp((1 << 14) / std::max(s.c, s.k / 8), kBlockRows, 16 * kBlockRows);
  backward_strip_ = flat_ ? pixels : std::max(1, pixels / (s.w * s.stride));
  backward_strip_rows_ = backward_strip_ - 1 + highest - lowest;
  // Few pixels an image: several images make one list of pixels.
  backward_group_ = flat_ ? std::max(1, kBlockRows / static_cast<int>(s.src_pixels())) : 1;
  const int groups = (max_images + backward_group_ - 1) / backward_group_;
  backward_buffers_ = std::max(std::min(threads_, groups), std::min(2 * threads_ - 1, groups));
}

size_t Conv2d::backward_data_scratch() const {
  if (depthwise()) return 0;
  const int64_t pixels = flat_ ? backward_strip_ : int64_t{backward_strip_rows_} * error_w_;
  return align_up(static_cast<size_t>(pixels * padded(shape_.group_k())) * static_cast<size_t>(kernels_.tile->element_bytes) +
                  kAlignment);
}

size_t Conv2d::backward_image_bytes() const {
  return align_up(static_cast<size_t>(backward_group_ * shape_.src_pixels() * shape_.c) * 4);
}

// Packed weights, a run of ones, image buffers, and a strip of the padded error a thread.
size_t Conv2d::backward_data_workspace_bytes() const {
  if (kernels_.tile == nullptr)
    return align_up(static_cast<size_t>(shape_.src_pixels() * shape_.c) * 4) * static_cast<size_t>(threads_);
  if (phases_.empty()) return 0;
  return backward_packed_bytes_ +
         align_up(static_cast<size_t>(backward_run_) * static_cast<size_t>(kernels_.tile->element_bytes)) +
         backward_image_bytes() * static_cast<size_t>(backward_buffers_) +
         backward_data_scratch() * static_cast<size_t>(threads_);
}

template <class Element>
void Conv2d::pack_backward(ThreadPool& pool, const int8_t* wei, uint8_t* packed, Element* ones) const {
  if (depthwise()) return pack_backward_depthwise(wei, packed);
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), gk = s.group_k(), kp = padded(gk), count = panels(columns(gc));
  const int full = tile.max_vectors * tile.lanes;
  std::fill_n(ones, backward_run_, Element{1});
  pool.run(static_cast<int64_t>(phases_.size()) * s.groups * count, [&](int64_t task, int) {
    const Phase& p = phases_[static_cast<size_t>(task / count / s.groups)];
    if (p.taps_h == 0) return;
    const int g = static_cast<int>(task / count % s.groups), n = static_cast<int>(task % count) * full;
    const int width = panel_width(tile, n, p.matrix.columns), valid = std::min(width, gc - n);
    uint8_t* base = packed + p.packed_at + static_cast<size_t>(g) * p.matrix.group_bytes;
    Element* b = reinterpret_cast<Element*>(base) + p.matrix.k_size * n;
    for (int j = 0; j < p.taps_h; ++j)
      for (int i = 0; i < p.taps_w; ++i) {
        const int kh = p.tap0_h + s.stride * (p.taps_h - 1 - j), kw = p.tap0_w + s.stride * (p.taps_w - 1 - i);
        const int8_t* w = wei + (int64_t{g} * gk * s.taps() + int64_t{kh} * s.kw + kw) * gc + n;
        kernels_.pack_interleave({reinterpret_cast<const uint8_t*>(w), s.taps() * gc, gk, valid, wei_format(),
                                  b + (int64_t{j} * p.taps_w + i) * kp * width, kp / tile.k_unit, width});
      }
    int32_t* init = const_cast<int32_t*>(matrix_init(base, p.matrix)) + n;
    std::fill(init, init + width, 0);
    if (tile.signed_offset() == 0) return;
    // The sums of the columns, by a tile whose every a is 1.
    alignas(64) int32_t sums[TileKernel::kMaxVectors * TileKernel::kMaxLanes];
    for (int j = 0; j < p.taps_h; ++j) {
      const int64_t start = 0;
      run_tiles<Element>(
          tile, *tile.unsigned_a, width,
          {ones, 0, &start, 1, p.taps_w * kp / tile.k_unit, b + int64_t{j} * p.taps_w * kp * width, init, sums, width}, 1);
      std::copy(sums, sums + width, init);
    }
    for (int i = 0; i < width; ++i) init[i] *= -tile.signed_offset();
  });
}

// Rows [first, first + count) of every phase that taps reach of one image, or pixels of a list of them; panels part, part + parts, ...
template <class Element>
void Conv2d::backward_data_strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first, int count, int part,
                                 int parts, Element* scratch) const {
  if (depthwise()) return backward_data_strip_depthwise(diff_dst, packed, diff_src, first, count);
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), gk = s.group_k(), kp = padded(gk);
  const uint8_t* error = reinterpret_cast<const uint8_t*>(diff_dst);
  alignas(64) int32_t sums[kBlockRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];

  int window = error_h_;  // first row of the padded error in scratch
  for (const Phase& p : phases_)
    if (p.taps_h > 0) window = std::min(window, p.origin_h + first);
  for (int g = 0; g < s.groups; ++g) {
    if (flat_)
      pack_rows(error_format(true), error + int64_t{first} * s.k, 1, count, s.k, g * gk, gk, 0, 1, 0, count, kp, scratch);
    else
      pack_rows(error_format(true), error, s.oh(), s.ow(), s.k, g * gk, gk, window - error_pad_h_,
                backward_strip_rows_ - backward_strip_ + count, error_pad_w_, error_w_, kp, scratch);
    for (const Phase& p : phases_) {
      const int rows = flat_ ? 1 : std::min(p.rows - first, count), cols = flat_ ? count : p.cols;
      const auto pixel = [&](int y, int x) {
        if (flat_) return diff_src + (int64_t{first} + x) * s.c + g * gc;
        return diff_src + ((int64_t{first + y} * s.stride + p.py) * s.w + int64_t{x} * s.stride + p.px) * s.c + g * gc;
      };
      if (p.taps_h == 0) continue;
      const uint8_t* base = packed + p.packed_at + static_cast<size_t>(g) * p.matrix.group_bytes;
      for_each_panel(tile, p.matrix.columns, part, parts, [&](int n, int width) {
        const int valid = std::min(width, gc - n);
        TileArgs args{nullptr,
                      kp,
                      p.offset.data(),
                      p.taps_h,
                      p.taps_w * kp / tile.k_unit,
                      reinterpret_cast<const Element*>(base) + p.matrix.k_size * n,
                      matrix_init(base, p.matrix) + n,
                      nullptr,
                      int64_t{s.stride} * s.c};
        for (int y = 0; y < rows; ++y) {
          const Element* a = flat_ ? scratch : scratch + (int64_t{p.origin_h + first + y - window} * error_w_ + p.origin_w) * kp;
          if (valid == width) {
            args.a = a;
            args.c = pixel(y, 0) + n;
            run_tiles<Element>(tile, *tile.unsigned_a, width, args, cols);
            continue;
          }
          args.ldc = width;
          args.c = sums;
          for (int x = 0; x < cols; x += kBlockRows) {
            const int block = std::min(cols - x, kBlockRows);
            args.a = a + int64_t{x} * kp;
            run_tiles<Element>(tile, *tile.unsigned_a, width, args, block);
            for (int r = 0; r < block; ++r) std::memcpy(pixel(y, x + r) + n, sums + r * width, static_cast<size_t>(valid) * 4);
          }
        }
      });
    }
  }
}

template <class Element>
void Conv2d::backward_data_as(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                              uint8_t* workspace) const {
  const ConvShape& s = shape_;
  uint8_t* packed = workspace;
  Element* ones = reinterpret_cast<Element*>(packed + backward_packed_bytes_);
  uint8_t* buffers = reinterpret_cast<uint8_t*>(ones) + align_up(static_cast<size_t>(backward_run_) * sizeof(Element));
  uint8_t* scratch = buffers + backward_image_bytes() * static_cast<size_t>(backward_buffers_);
  const auto buffer = [&](int64_t i) {
    return reinterpret_cast<int32_t*>(buffers + backward_image_bytes() * static_cast<size_t>(i));
  };
  const auto scratch_of = [&](int thread) {
    return reinterpret_cast<Element*>(scratch + backward_data_scratch() * static_cast<size_t>(thread));
  };
  pack_backward(pool, wei, packed, ones);

  const int64_t size = s.src_pixels() * s.c;
  const int groups = (images + backward_group_ - 1) / backward_group_;
  const auto images_of = [&](int64_t group) {
    return std::min(backward_group_, images - static_cast<int>(group) * backward_group_);
  };
  // Rows of a phase, or pixels, of a group of images.
  const auto length_of = [&](int64_t group) {
    return flat_ ? images_of(group) * static_cast<int>(s.src_pixels()) : (s.h + s.stride - 1) / s.stride;
  };
  const auto error_of = [&](int64_t group) { return diff_dst + group * backward_group_ * s.dst_pixels() * s.k; };

  if (groups >= 2 * threads_ || threads_ == 1) {
    pool.run(groups, [&](int64_t group, int thread) {
      int32_t* diff_src = buffer(thread);
      const int length = length_of(group);
      uint32_t max = 0;
      for (int first = 0; first < length; first += backward_strip_) {
        const int count = std::min(backward_strip_, length - first);
        const int64_t begin = flat_ ? int64_t{first} * s.c : int64_t{first} * s.stride * s.w * s.c;
        const int64_t end =
            flat_ ? begin + int64_t{count} * s.c : std::min<int64_t>(size, begin + int64_t{count} * s.stride * s.w * s.c);
        if (backward_gaps_) std::fill(diff_src + begin, diff_src + end, 0);
        backward_data_strip(error_of(group), packed, diff_src, first, count, 0, 1, scratch_of(thread));
        if (backward_group_ > 1) continue;
        max = std::max(max, kernels_.max_abs({diff_src + begin, end - begin}));
      }
      for (int i = 0; i < images_of(group); ++i)
        sink.image(static_cast<int>(group) * backward_group_ + i, diff_src + i * size,
                   backward_group_ > 1 ? kernels_.max_abs({diff_src + i * size, size}) : max);
    });
    return;
  }
  // Few images: threads share strips and columns, then the images.
  const int strips = (length_of(0) + backward_strip_ - 1) / backward_strip_;
  const int parts = std::min(panels(columns(s.group_c())), (4 * threads_ + groups * strips - 1) / (groups * strips));
  if (backward_gaps_) pool.run(groups, [&](int64_t group, int) { std::fill_n(buffer(group), images_of(group) * size, 0); });
  pool.run(int64_t{groups} * strips * parts, [&](int64_t task, int thread) {
    const int64_t group = task / parts / strips;
    const int first = static_cast<int>(task / parts % strips) * backward_strip_, length = length_of(group);
    if (first < length)
      backward_data_strip(error_of(group), packed, buffer(group), first, std::min(backward_strip_, length - first),
                          static_cast<int>(task % parts), parts, scratch_of(thread));
  });
  pool.run(images, [&](int64_t i, int) {
    const int32_t* diff_src = buffer(i / backward_group_) + i % backward_group_ * size;
    sink.image(static_cast<int>(i), diff_src, kernels_.max_abs({diff_src, size}));
  });
}

void Conv2d::backward_data(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                           uint8_t* workspace) const {
  const ConvShape& s = shape_;
  if (kernels_.tile == nullptr) {
    const int64_t size = s.src_pixels() * s.c;
    pool.run(images, [&](int64_t image, int thread) {
      int32_t* diff_src =
          reinterpret_cast<int32_t*>(workspace + align_up(static_cast<size_t>(size) * 4) * static_cast<size_t>(thread));
      conv2d_backward_data_reference(s, 1, diff_dst + image * s.dst_pixels() * s.k, wei, diff_src);
      sink.image(static_cast<int>(image), diff_src, kernels_.max_abs({diff_src, size}));
    });
  } else if (kernels_.tile->element_bytes == 1) {
    backward_data_as<uint8_t>(pool, images, diff_dst, wei, sink, workspace);
  } else {
    backward_data_as<int16_t>(pool, images, diff_dst, wei, sink, workspace);
  }
}

}  // namespace intrain::ops
