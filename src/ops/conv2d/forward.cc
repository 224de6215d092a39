#include "base/formats.h"
#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

size_t Conv2d::forward_scratch() const {
  const ConvShape& s = shape_;
  if (kernels_.tile == nullptr) return align_up(static_cast<size_t>(s.dst_pixels() * s.k) * 4);
  if (direct_source()) return 0;
  const int64_t pixels = int64_t{s.h + 2 * s.pad} * (s.w + 2 * s.pad);
  return align_up(static_cast<size_t>(pixels * padded(s.group_c())) * static_cast<size_t>(kernels_.tile->element_bytes));
}

size_t Conv2d::forward_workspace_bytes() const { return forward_scratch() * static_cast<size_t>(threads_); }

template <class Element>
void Conv2d::forward_image(const void* src, const uint8_t* packed, const ConvDst& dst, int image, uint8_t* scratch) const {
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int cp = padded(s.group_c()), gk = s.group_k(), src_w = s.w + 2 * s.pad;
  const int64_t k_size = int64_t{s.kh} * s.kw * cp;
  // A 1x1 convolution of stride 1 is one long row.
  const bool one_row = s.kh == 1 && s.kw == 1 && s.stride == 1 && s.pad == 0;
  const int rows = one_row ? 1 : s.oh(), cols = one_row ? static_cast<int>(s.dst_pixels()) : s.ow();
  alignas(64) int32_t sums[TileKernel::kMaxRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];

  for (int g = 0; g < s.groups; ++g) {
    const Element* a = reinterpret_cast<const Element*>(scratch);
    if (direct_source()) {
      a = static_cast<const Element*>(src) + image * s.src_pixels() * s.c;
    } else if (s.signed_src) {
      copy_padded(static_cast<const int8_t*>(src) + image * s.src_pixels() * s.c, s.h, s.w, s.c, g * s.group_c(), s.group_c(),
                  reinterpret_cast<Element*>(scratch), s.h + 2 * s.pad, src_w, s.pad, s.pad, cp, tile.signed_offset());
    } else {
      copy_padded(static_cast<const uint8_t*>(src) + image * s.src_pixels() * s.c, s.h, s.w, s.c, g * s.group_c(), s.group_c(),
                  reinterpret_cast<Element*>(scratch), s.h + 2 * s.pad, src_w, s.pad, s.pad, cp, 0);
    }
    const uint8_t* base = packed + g * (forward_.bytes / static_cast<size_t>(s.groups));
    const Element* b = reinterpret_cast<const Element*>(base);
    const int32_t* init = reinterpret_cast<const int32_t*>(
        base + align_up(static_cast<size_t>(k_size) * static_cast<size_t>(forward_.padded_columns) * sizeof(Element)));

    for (int n = 0; n < forward_.padded_columns;) {
      const int vectors = panel_vectors(tile, n, forward_.padded_columns), width = vectors * tile.lanes;
      const int valid = gk - n < width ? gk - n : width, most = tile.max_rows[vectors];
      const int tiles = (cols + most - 1) / most;
      TileArgs args{
          nullptr, int64_t{s.stride} * cp, forward_offset_.data(), s.kh, s.kw * cp / tile.k_unit, b + k_size * n, init + n, sums,
          width};
      for (int oh = 0; oh < rows; ++oh)
        for (int t = 0, ow = 0; t < tiles; ++t) {
          const int height = (cols - ow + tiles - t - 1) / (tiles - t);
          args.a = a + (int64_t{oh} * s.stride * src_w + int64_t{ow} * s.stride) * cp;
          tile.tile[vectors][height](args);
          const int64_t at = (image * s.dst_pixels() + int64_t{oh} * cols + ow) * s.k + g * gk + n;
          if (dst.s16 != nullptr) {
            kernels_.stage_s16({sums, width, height, valid, dst.shift + g * gk + n, dst.s16 + at, s.k});
          } else {
            for (int r = 0; r < height; ++r)
              std::memcpy(dst.s32 + at + int64_t{r} * s.k, sums + r * width, static_cast<size_t>(valid) * 4);
          }
          ow += height;
        }
      n += width;
    }
  }
}

void Conv2d::forward(ThreadPool& pool, int images, const void* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
                     uint8_t* workspace) const {
  const ConvShape& s = shape_;
  pool.run(images, [&](int64_t image, int thread) {
    uint8_t* scratch = workspace + forward_scratch() * static_cast<size_t>(thread);
    if (kernels_.tile == nullptr) {
      int32_t* acc = reinterpret_cast<int32_t*>(scratch);
      const int64_t at = image * s.dst_pixels() * s.k;
      conv2d_forward_reference(s, 1, static_cast<const uint8_t*>(src) + image * s.src_pixels() * s.c, wei, acc);
      if (dst.s16 != nullptr)
        kernels_.stage_s16({acc, s.k, s.dst_pixels(), s.k, dst.shift, dst.s16 + at, s.k});
      else
        std::memcpy(dst.s32 + at, acc, static_cast<size_t>(s.dst_pixels() * s.k) * 4);
    } else if (kernels_.tile->element_bytes == 1) {
      forward_image<uint8_t>(src, packed, dst, static_cast<int>(image), scratch);
    } else {
      forward_image<int16_t>(src, packed, dst, static_cast<int>(image), scratch);
    }
  });
}

}  // namespace intrain::ops
