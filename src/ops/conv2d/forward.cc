#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

// One strip of the padded input.
size_t Conv2d::forward_scratch() const {
  const ConvShape& s = shape_;
  if (kernels_.tile == nullptr) return align_up(static_cast<size_t>(s.dst_pixels() * s.k) * 4);
  if (direct_source() || depthwise()) return 0;
  const int64_t pixels = flat_ ? forward_strip_ : (int64_t{forward_strip_ - 1} * s.stride + s.kh) * (s.w + 2 * s.pad);
  return align_up(static_cast<size_t>(pixels * s.group_c()) * static_cast<size_t>(kernels_.tile->element_bytes) + kAlignment);
}

size_t Conv2d::forward_workspace_bytes() const { return forward_scratch() * static_cast<size_t>(threads_); }

int64_t Conv2d::strip_pixels() const {
  if (kernels_.tile == nullptr) return shape_.dst_pixels();
  return flat_ ? forward_strip_ : int64_t{forward_strip_} * shape_.ow();
}

// Elements from one strip to the next: whole cache lines.
int64_t Conv2d::strip_slot() const {
  return static_cast<int64_t>(align_up(static_cast<size_t>(strip_pixels() * shape_.k) * 2)) / 2;
}

// One strip a thread, or as many as threads share by columns.
size_t Conv2d::strip_bytes() const { return static_cast<size_t>(strip_slot() * std::max(threads_, 2 * threads_ - 1)) * 2; }

// Output rows [first, first + count) of an image, or pixels [first, first + count) of all images, to pixel `out` of dst; panels part,
// part + parts, ...
template <class Element>
void Conv2d::forward_strip(const uint8_t* src, const uint8_t* packed, const ConvDst& dst, int64_t out, int64_t image,
                           int64_t first, int64_t count, int part, int parts, Element* scratch) const {
  if (depthwise()) return forward_strip_depthwise(src, packed, dst, out, image, first, count);
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), gk = s.group_k(), src_w = s.w + 2 * s.pad;
  const int rows = flat_ ? 1 : static_cast<int>(count), cols = flat_ ? static_cast<int>(count) : s.ow();
  const int64_t row_step = int64_t{s.stride} * src_w * gc;
  alignas(64) int32_t sums[kBlockRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];

  for (int g = 0; g < s.groups; ++g) {
    const Element* a = scratch;
    if (direct_source()) {
      a = reinterpret_cast<const Element*>(src) + (flat_ ? first : image * s.src_pixels() + first * s.stride * s.w) * s.c;
    } else if (flat_) {
      pack_rows(src_format(), src + first * s.c, 1, cols, s.c, g * gc, gc, 0, 1, 0, cols, gc, scratch);
    } else {
      pack_rows(src_format(), src + image * s.src_pixels() * s.c, s.h, s.w, s.c, g * gc, gc,
                static_cast<int>(first) * s.stride - s.pad, (rows - 1) * s.stride + s.kh, s.pad, src_w, gc, scratch);
    }
    const uint8_t* base = packed + static_cast<size_t>(g) * matrix_.group_bytes;
    for_each_panel(tile, matrix_.columns, part, parts, [&](int n, int width) {
      const int valid = std::min(width, gk - n);
      TileArgs args{nullptr,
                    int64_t{s.stride} * gc,
                    forward_offset_.data(),
                    s.kh,
                    padded(s.kw * gc) / tile.k_unit,
                    reinterpret_cast<const Element*>(base) + matrix_.k_size * n,
                    matrix_init(base, matrix_) + n,
                    sums,
                    width};
      for (int y = 0; y < rows; ++y)
        for (int x = 0; x < cols; x += kBlockRows) {
          const int block = std::min(cols - x, kBlockRows);
          args.a = a + y * row_step + x * args.lda;
          run_tiles<Element>(tile, *tile.unsigned_a, width, args, block);
          const int64_t at = (out + int64_t{y} * cols + x) * s.k + g * gk + n;
          if (dst.s16 != nullptr) {
            kernels_.stage_s16({sums, width, block, valid, dst.shift + g * gk + n, dst.s16 + at, s.k});
          } else {
            for (int r = 0; r < block; ++r)
              std::memcpy(dst.s32 + at + int64_t{r} * s.k, sums + r * width, static_cast<size_t>(valid) * 4);
          }
        }
    });
  }
}

template <class Element>
void Conv2d::forward_as(ThreadPool& pool, int images, const uint8_t* src, const uint8_t* packed, const ConvDst& dst,
                        StripSink* sink, uint8_t* workspace) const {
  const ConvShape& s = shape_;
  const int64_t length = flat_ ? images * s.dst_pixels() : s.oh(), per_image = (length + forward_strip_ - 1) / forward_strip_;
  const int64_t strips = flat_ ? per_image : images * per_image;
  int parts = 1;
  if (threads_ > 1 && strips < 2 * threads_)
    parts = static_cast<int>(std::min<int64_t>(panels(matrix_.columns), (4 * threads_ + strips - 1) / strips));
  struct Strip {
    int64_t image, first, count, out, pixels;
  };
  const auto strip_of = [&](int64_t i) {
    const int64_t image = i / per_image, first = i % per_image * forward_strip_,
                  count = std::min<int64_t>(forward_strip_, length - first);
    const int64_t width = flat_ ? 1 : s.ow();
    return Strip{image, first, count, image * s.dst_pixels() + first * width, count * width};
  };
  // Where strip i goes, and the sink for it.
  const auto buffer_of = [&](int64_t i, int thread) {
    return dst.strips ? dst.s16 + (parts > 1 ? i : thread) * strip_slot() : dst.s16 + strip_of(i).out * s.k;
  };
  const auto tell = [&](int64_t i, int thread) {
    const Strip t = strip_of(i);
    if (sink != nullptr) sink->strip(t.out, t.pixels, buffer_of(i, thread), thread);
  };
  pool.run(strips * parts, [&](int64_t task, int thread) {
    const int64_t i = task / parts;
    const Strip t = strip_of(i);
    ConvDst to = dst;
    if (dst.strips) to.s16 = buffer_of(i, thread);
    forward_strip(src, packed, to, dst.strips ? 0 : t.out, t.image, t.first, t.count, static_cast<int>(task % parts), parts,
                  reinterpret_cast<Element*>(workspace + forward_scratch() * static_cast<size_t>(thread)));
    if (parts == 1) tell(i, thread);
  });
  if (parts > 1) pool.run(strips, tell);
}

void Conv2d::forward(ThreadPool& pool, int images, const void* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
                     StripSink* sink, uint8_t* workspace) const {
  const uint8_t* bytes = static_cast<const uint8_t*>(src);
  if (kernels_.tile == nullptr) {
    const ConvShape& s = shape_;
    pool.run(images, [&](int64_t image, int thread) {
      int32_t* acc = reinterpret_cast<int32_t*>(workspace + forward_scratch() * static_cast<size_t>(thread));
      const int64_t at = image * s.dst_pixels() * s.k;
      conv2d_forward_reference(s, 1, bytes + image * s.src_pixels() * s.c, wei, acc);
      if (dst.s16 == nullptr) {
        std::memcpy(dst.s32 + at, acc, static_cast<size_t>(s.dst_pixels() * s.k) * 4);
        return;
      }
      int16_t* staged = dst.s16 + (dst.strips ? thread * strip_slot() : at);
      kernels_.stage_s16({acc, s.k, s.dst_pixels(), s.k, dst.shift, staged, s.k});
      if (sink != nullptr) sink->strip(image * s.dst_pixels(), s.dst_pixels(), staged, thread);
    });
  } else if (kernels_.tile->element_bytes == 1) {
    forward_as<uint8_t>(pool, images, bytes, packed, dst, sink, workspace);
  } else {
    forward_as<int16_t>(pool, images, bytes, packed, dst, sink, workspace);
  }
}

}  // namespace intrain::ops
