#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

size_t Conv2d::backward_data_scratch() const {
  const size_t sums = align_up(static_cast<size_t>(shape_.src_pixels() * shape_.c) * 4);
  if (kernels_.tile == nullptr) return sums;
  return sums + align_up(static_cast<size_t>(int64_t{error_h_} * error_w_ * padded(shape_.group_k())) *
                         static_cast<size_t>(kernels_.tile->element_bytes));
}

size_t Conv2d::backward_data_workspace_bytes() const { return backward_data_scratch() * static_cast<size_t>(threads_); }

template <class Element>
void Conv2d::backward_data_image(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, uint8_t* scratch) const {
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), kp = padded(s.group_k());
  Element* error = reinterpret_cast<Element*>(scratch);
  alignas(64) int32_t sums[TileKernel::kMaxRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];

  for (int g = 0; g < s.groups; ++g) {
    copy_padded(diff_dst, s.oh(), s.ow(), s.k, g * s.group_k(), s.group_k(), error, error_h_, error_w_, error_pad_h_,
                error_pad_w_, kp, tile.signed_offset());
    for (const Phase& p : phases_) {
      const auto pixel = [&](int y, int x) {
        return diff_src + ((int64_t{y} * s.stride + p.py) * s.w + int64_t{x} * s.stride + p.px) * s.c + g * gc;
      };
      if (p.taps_h == 0) {
        for (int y = 0; y < p.rows; ++y)
          for (int x = 0; x < p.cols; ++x) std::memset(pixel(y, x), 0, static_cast<size_t>(gc) * 4);
        continue;
      }
      const int64_t k_size = int64_t{p.taps_h} * p.taps_w * kp;
      const uint8_t* base = packed + forward_.bytes + g * (backward_.bytes / static_cast<size_t>(s.groups)) + p.packed_at;
      const Element* b = reinterpret_cast<const Element*>(base);
      const int32_t* init = reinterpret_cast<const int32_t*>(
          base + align_up(static_cast<size_t>(k_size) * static_cast<size_t>(backward_.padded_columns) * sizeof(Element)));
      for (int n = 0; n < backward_.padded_columns;) {
        const int vectors = panel_vectors(tile, n, backward_.padded_columns), width = vectors * tile.lanes;
        const int valid = gc - n < width ? gc - n : width, most = tile.max_rows[vectors];
        const int tiles = (p.cols + most - 1) / most;
        TileArgs args{nullptr, kp, p.offset.data(), p.taps_h, p.taps_w * kp / tile.k_unit, b + k_size * n, init + n, nullptr, 0};
        for (int y = 0; y < p.rows; ++y)
          for (int t = 0, x = 0; t < tiles; ++t) {
            const int height = (p.cols - x + tiles - t - 1) / (tiles - t);
            args.a = error + (int64_t{p.origin_h + y} * error_w_ + p.origin_w + x) * kp;
            if (valid == width) {
              args.c = pixel(y, x) + n;
              args.ldc = int64_t{s.stride} * s.c;
              tile.tile[vectors][height](args);
            } else {
              args.c = sums;
              args.ldc = width;
              tile.tile[vectors][height](args);
              for (int r = 0; r < height; ++r) std::memcpy(pixel(y, x + r) + n, sums + r * width, static_cast<size_t>(valid) * 4);
            }
            x += height;
          }
        n += width;
      }
    }
  }
}

void Conv2d::backward_data(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, const uint8_t* packed,
                           ImageSink& sink, uint8_t* workspace) const {
  const ConvShape& s = shape_;
  pool.run(images, [&](int64_t image, int thread) {
    uint8_t* scratch = workspace + backward_data_scratch() * static_cast<size_t>(thread);
    int32_t* diff_src = reinterpret_cast<int32_t*>(scratch);
    scratch += align_up(static_cast<size_t>(s.src_pixels() * s.c) * 4);
    const int8_t* error = diff_dst + image * s.dst_pixels() * s.k;
    if (kernels_.tile == nullptr)
      conv2d_backward_data_reference(s, 1, error, wei, diff_src);
    else if (kernels_.tile->element_bytes == 1)
      backward_data_image<uint8_t>(error, packed, diff_src, scratch);
    else
      backward_data_image<int16_t>(error, packed, diff_src, scratch);
    sink.image(static_cast<int>(image), diff_src);
  });
}

}  // namespace intrain::ops
