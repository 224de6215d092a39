#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {

int64_t Conv2d::weight_sums() const { return shape_.groups * shape_.taps() * shape_.group_c() * forward_.padded_columns; }

size_t Conv2d::backward_weights_scratch() const {
  const ConvShape& s = shape_;
  const size_t element = static_cast<size_t>(kernels_.tile->element_bytes);
  const int64_t planar =
      int64_t{s.group_c()} * s.stride * planar_height() * planar_width() + kAlignment;  // a tile's last loads run over
  const int64_t error = int64_t{s.oh()} * padded(s.ow()) * forward_.padded_columns;
  return align_up(static_cast<size_t>(planar) * element) + align_up(static_cast<size_t>(error) * element) +
         align_up(static_cast<size_t>(forward_.padded_columns) * 4);
}

size_t Conv2d::backward_weights_workspace_bytes() const {
  if (kernels_.tile == nullptr) return 0;
  return (backward_weights_scratch() + align_up(static_cast<size_t>(weight_sums()) * 4)) * static_cast<size_t>(threads_);
}

namespace {

// [h][w][c] to planar [c][(w + pad) mod stride][h + pad][(w + pad) / stride], `zero` around it and added to each value.
template <class Element, class Src>
void to_planar(const Kernels& kernels, const ConvShape& s, const Src* src, int c0, int c, int height, int width, int zero,
               Element* dst) {
  const int64_t plane = int64_t{s.stride} * height * width;
  if constexpr (sizeof(Element) == 1)
    std::memset(dst, zero, static_cast<size_t>(c * plane));
  else
    std::fill(dst, dst + c * plane, static_cast<Element>(zero));
  const int rows = std::min(s.h, height - s.pad);
  for (int x0 = 0; x0 < std::min(s.stride, s.w); ++x0) {
    const int phase = (x0 + s.pad) % s.stride, col = (x0 + s.pad) / s.stride;
    const int count = std::min((s.w - x0 + s.stride - 1) / s.stride, width - col);  // pixels of a row in this phase
    if (count <= 0) continue;
    for (int y = 0; y < rows; ++y) {
      const Src* in = src + (int64_t{y} * s.w + x0) * s.c + c0;
      Element* out = dst + (int64_t{phase} * height + y + s.pad) * width + col;
      const int64_t step = int64_t{s.stride} * s.c;
      if constexpr (sizeof(Element) == 1) {
        kernels.transpose_u8({reinterpret_cast<const uint8_t*>(in), step, count, c, static_cast<uint8_t>(zero), out, plane});
      } else {
        for (int x = 0; x < count; ++x)
          for (int i = 0; i < c; ++i) out[i * plane + x] = static_cast<Element>(in[x * step + i] + zero);
      }
    }
  }
}

}  // namespace

template <class Element>
void Conv2d::backward_weights_image(const void* src, const int8_t* diff_dst, int32_t* acc, uint8_t* scratch) const {
  const ConvShape& s = shape_;
  const TileKernel& tile = *kernels_.tile;
  const int gc = s.group_c(), gk = s.group_k(), unit = tile.k_unit, np = forward_.padded_columns;
  const int steps = padded(s.ow()) / unit, height = planar_height(), width = planar_width();
  const int64_t plane = int64_t{s.stride} * height * width, k_size = int64_t{s.oh()} * steps * unit;
  Element* planar = reinterpret_cast<Element*>(scratch);
  Element* error =
      reinterpret_cast<Element*>(scratch + align_up((static_cast<size_t>(gc * plane) + kAlignment) * sizeof(Element)));
  int32_t* moved = reinterpret_cast<int32_t*>(reinterpret_cast<uint8_t*>(error) +
                                              align_up(static_cast<size_t>(k_size * np) * sizeof(Element)));

  for (int g = 0; g < s.groups; ++g, acc += s.taps() * gc * np) {
    if (s.signed_src)
      to_planar(kernels_, s, static_cast<const int8_t*>(src), g * gc, gc, height, width, tile.signed_offset(), planar);
    else
      to_planar(kernels_, s, static_cast<const uint8_t*>(src), g * gc, gc, height, width, 0, planar);

    // The error, columns k, rows the pixels; those past the end of a row are 0 and cancel what the tile reads there.
    std::memset(error, 0, static_cast<size_t>(k_size * np) * sizeof(Element));
    for (int n = 0; n < np;) {
      const int panel = panel_vectors(tile, n, np) * tile.lanes, valid = std::min(panel, gk - n);
      Element* b = error + k_size * n;
      for (int oh = 0; oh < s.oh(); ++oh) {
        const int8_t* in = diff_dst + int64_t{oh} * s.ow() * s.k + g * gk + n;
        Element* row = b + int64_t{oh} * steps * panel * unit;
        int ow = 0;
        if constexpr (sizeof(Element) == 1)
          for (; ow + 4 <= s.ow(); ow += 4, in += 4 * s.k)
            kernels_.interleave4_u8({reinterpret_cast<const uint8_t*>(in), s.k, valid, row + int64_t{ow} * panel});
        for (; ow < s.ow(); ++ow, in += s.k) {
          Element* out = row + int64_t{ow / unit} * panel * unit + ow % unit;
          for (int i = 0; i < valid; ++i) out[i * unit] = static_cast<Element>(in[i]);
        }
      }
      n += panel;
    }

    for (int n = 0; n < np;) {
      const int vectors = panel_vectors(tile, n, np), panel = vectors * tile.lanes;
      TileArgs args{nullptr, plane, weights_offset_.data(), s.oh(), steps, error + k_size * n, nullptr, nullptr, np};
      for (int kh = 0; kh < s.kh; ++kh)
        for (int kw = 0; kw < s.kw; ++kw) {
          args.a = planar + (int64_t{kw % s.stride} * height + kh) * width + kw / s.stride;
          args.c = acc + (int64_t{kh} * s.kw + kw) * gc * np + n;
          run_tiles<Element>(tile, vectors, args, gc);
        }
      n += panel;
    }

    if (s.signed_src && tile.signed_offset() != 0) {
      for (int n = 0; n < np; ++n) moved[n] = 0;
      for (int64_t p = 0; p < s.dst_pixels(); ++p)
        for (int n = 0; n < gk; ++n) moved[n] += tile.signed_offset() * diff_dst[p * s.k + g * gk + n];
      for (int64_t r = 0; r < s.taps() * gc; ++r)
        for (int n = 0; n < gk; ++n) acc[r * np + n] -= moved[n];
    }
  }
}

void Conv2d::backward_weights(ThreadPool& pool, int images, const void* src, const int8_t* diff_dst, int64_t* diff_wei,
                              uint8_t* workspace) const {
  const ConvShape& s = shape_;
  const auto image_of = [&](int64_t image) { return static_cast<const uint8_t*>(src) + image * s.src_pixels() * s.c; };
  if (kernels_.tile == nullptr) {
    std::memset(diff_wei, 0, static_cast<size_t>(s.weights()) * 8);
    conv2d_backward_weights_reference(s, images, src, diff_dst, diff_wei);
    return;
  }
  const int gc = s.group_c(), gk = s.group_k(), np = forward_.padded_columns;
  const size_t sums_bytes = align_up(static_cast<size_t>(weight_sums()) * 4), slot = backward_weights_scratch() + sums_bytes;
  const auto sums_of = [&](int thread) { return reinterpret_cast<int32_t*>(workspace + slot * static_cast<size_t>(thread)); };
  pool.run(threads_, [&](int64_t t, int) { std::memset(sums_of(static_cast<int>(t)), 0, sums_bytes); });

  // No thread may add more than kMaxReduction pixels in s32: sums go to s64 after each round of that many.
  const int round = static_cast<int>(std::max<int64_t>(1, kMaxReduction / s.dst_pixels()));
  for (int begin = 0; begin < images; begin += round) {
    const int count = std::min(round, images - begin);
    pool.run(count, [&](int64_t i, int thread) {
      uint8_t* scratch = reinterpret_cast<uint8_t*>(sums_of(thread)) + sums_bytes;
      const int8_t* error = diff_dst + (begin + i) * s.dst_pixels() * s.k;
      if (kernels_.tile->element_bytes == 1)
        backward_weights_image<uint8_t>(image_of(begin + i), error, sums_of(thread), scratch);
      else
        backward_weights_image<int16_t>(image_of(begin + i), error, sums_of(thread), scratch);
    });
    // Blocks of columns that share no cache line.
    constexpr int kBlock = 16;
    pool.run((s.k + kBlock - 1) / kBlock, [&](int64_t block, int) {
      const int64_t rows = s.taps() * gc, end = std::min<int64_t>(s.k, (block + 1) * kBlock);
      for (int64_t k = block * kBlock; k < end; ++k) {
        const int64_t first = k / gk * rows * np + k % gk;
        int64_t* out = diff_wei + k * rows;
        for (int64_t r = 0; r < rows; ++r) {
          int64_t sum = begin == 0 ? 0 : out[r];
          for (int t = 0; t < threads_; ++t) {
            sum += sums_of(t)[first + r * np];
            sums_of(t)[first + r * np] = 0;
          }
          out[r] = sum;
        }
      }
    });
  }
}

}  // namespace intrain::ops
