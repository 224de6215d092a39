// The vector form of pool.h: loops over channels that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/pool/pool.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void global_average_pool_vector(const AveragePool& p) {
  for_each_slice(
      p.pixels, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        alignas(64) uint32_t sums[kWideRow] = {};  // 2^24 * 255 < 2^32
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const uint8_t* __restrict src = p.src + at;
              for (int i = 0; i < width; ++i) sums[i] += src[i];
            });
        const int channels = slice.width / slice.repeat;
        for (int c = 0; c < channels; ++c) {
          int64_t sum = 0;
          for (int i = c; i < slice.width; i += channels) sum += sums[i];
          p.dst[slice.channel + c] = static_cast<uint8_t>(clamp(div_round(sum << p.shift, p.pixels), 0, kU8Max));
        }
      });
}

// The first pixel, which the others repeat.
[[gnu::always_inline]] static inline void global_average_pool_backward_vector(const AveragePoolBackward& p) {
  const int16_t* __restrict diff_dst = p.diff_dst;
  int16_t* __restrict diff_src = p.diff_src;
  const int channels = p.channels, r = p.r;
  for (int c = 0; c < channels; ++c) diff_src[c] = static_cast<int16_t>(rshift_round32(diff_dst[c] * r, make_shift32(15)));
  for (int64_t i = 1; i < p.pixels; ++i)
    __builtin_memcpy(diff_src + i * channels, diff_src, static_cast<uint64_t>(channels) * sizeof(int16_t));
}

// [first, end) of the taps t for which origin + t lies in [0, size), 0 <= t < window.
struct Taps {
  int first, end;
};
[[gnu::always_inline]] static inline Taps taps_inside(int origin, int window, int size) {
  return {origin < 0 ? -origin : 0, size - origin < window ? size - origin : window};
}

[[gnu::always_inline]] static inline void max_pool_vector(const MaxPoolForward& pass) {
  const MaxPoolShape& p = pass.shape;
  const int channels = p.c;
  for (int oh = 0; oh < p.oh(); ++oh)
    for (int ow = 0; ow < p.ow(); ++ow) {
      const int ih = oh * p.stride - p.pad, iw = ow * p.stride - p.pad;
      const Taps rows = taps_inside(ih, p.size, p.h), columns = taps_inside(iw, p.size, p.w);
      const int64_t at = (int64_t{oh} * p.ow() + ow) * channels;
      uint8_t* __restrict dst = pass.dst + at;
      uint8_t* __restrict index = pass.index + at;
      bool first = true;
      for (int kh = rows.first; kh < rows.end; ++kh)
        for (int kw = columns.first; kw < columns.end; ++kw) {
          const uint8_t* __restrict src = pass.src + (int64_t{ih + kh} * p.w + iw + kw) * channels;
          const uint8_t tap = static_cast<uint8_t>(kh * p.size + kw);
          if (first) {
            for (int c = 0; c < channels; ++c) {
              dst[c] = src[c];
              index[c] = tap;
            }
            first = false;
            continue;
          }
          for (int c = 0; c < channels; ++c) {
            const uint8_t v = src[c], best = dst[c], won = index[c];
            index[c] = v > best ? tap : won;
            dst[c] = v > best ? v : best;
          }
        }
    }
}

// Each pixel gathers from the windows that hold it, so every sum is written by one loop.
[[gnu::always_inline]] static inline void max_pool_backward_vector(const MaxPoolBackward& pass) {
  const MaxPoolShape& p = pass.shape;
  const int channels = p.c;
  // Windows o with 0 <= i + pad - o stride < size.
  const auto first_window = [&](int i) { return i + p.pad < p.size ? 0 : (i + p.pad - p.size) / p.stride + 1; };
  const auto last_window = [&](int i, int windows) {
    return (i + p.pad) / p.stride < windows ? (i + p.pad) / p.stride : windows - 1;
  };
  const int oh_count = p.oh(), ow_count = p.ow();
  for (int ih = 0; ih < p.h; ++ih)
    for (int iw = 0; iw < p.w; ++iw) {
      int32_t* __restrict sums = pass.diff_src + (int64_t{ih} * p.w + iw) * channels;
      for (int c = 0; c < channels; ++c) sums[c] = 0;
      for (int oh = first_window(ih); oh <= last_window(ih, oh_count); ++oh)
        for (int ow = first_window(iw); ow <= last_window(iw, ow_count); ++ow) {
          const int64_t at = (int64_t{oh} * ow_count + ow) * channels;
          const int16_t* __restrict diff_dst = pass.diff_dst + at;
          const uint8_t* __restrict index = pass.index + at;
          const int tap = (ih + p.pad - oh * p.stride) * p.size + iw + p.pad - ow * p.stride;
          for (int c = 0; c < channels; ++c) sums[c] += diff_dst[c] & -(index[c] == tap);
        }
    }
}

}  // namespace intrain::ops
