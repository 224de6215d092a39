// NHWC rows as wide rows, so that a vector loop over channels is long whatever the channel count: what the element-wise kernels
// share.
//
// Included by the kernel files of each ISA: everything here is static and inlined, so that nothing compiled for one ISA is linked
// into another.
#pragma once

#include <cstdint>

namespace intrain::ops {

constexpr int kWideRow = 512;

// One slice of the channels, walked in `blocks` wide rows of `width` values, `stride` apart, and a shorter last one of `rest`
// values (0: none). Few channels: one slice, `repeat` rows to a wide row. More than kWideRow channels: several slices, repeat 1.
struct RowSlice {
  int channel;  // first channel
  int width, repeat;
  int64_t stride, blocks;
  int rest;
};

// Calls visit(slice) for each slice of `rows` x `channels`.
template <class Visit>
[[gnu::always_inline]] static inline void for_each_slice(int64_t rows, int channels, const Visit& visit) {
  if (channels <= kWideRow) {
    const int repeat = kWideRow / channels, width = channels * repeat;
    visit(RowSlice{0, width, repeat, width, rows / repeat, static_cast<int>(rows % repeat) * channels});
    return;
  }
  for (int c = 0; c < channels; c += kWideRow)
    visit(RowSlice{c, channels - c < kWideRow ? channels - c : kWideRow, 1, channels, rows, 0});
}

// Calls body(offset of the wide row, its width) for each wide row of a slice.
template <class Body>
[[gnu::always_inline]] static inline void for_each_row(const RowSlice& s, const Body& body) {
  int64_t at = s.channel;
  for (int64_t i = 0; i < s.blocks; ++i, at += s.stride) body(at, s.width);
  if (s.rest > 0) body(at, s.rest);
}

// A per-channel array as a wide row sees it.
template <class T>
struct WideArray {
  alignas(64) T data[kWideRow];
  [[gnu::always_inline]] inline WideArray(const T* src, const RowSlice& s) {
    const int channels = s.width / s.repeat;
    for (int r = 0; r < s.repeat; ++r)
      for (int c = 0; c < channels; ++c) data[r * channels + c] = src[s.channel + c];
  }
};

}  // namespace intrain::ops
