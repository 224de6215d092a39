// NHWC rows as wide rows, so that a vector loop over channels is long whatever the channel count: what the element-wise kernels
// share.
//
// Included by the kernel files of each ISA: everything here is static and inlined, so that nothing compiled for one ISA is linked
// into another.
#pragma once

#include <cstdint>

#include "ops/vectors.h"

namespace intrain::ops {

constexpr int kWideRow = 512;
constexpr int kWidestSlice = 4096;  // for kernels that keep nothing of a row

// One slice of the channels, walked in `blocks` wide rows of `width` values, `stride` apart, and a shorter last one of `rest`
// values (0: none). Few channels: one slice, `repeat` rows to a wide row. More than kWideRow channels: several slices, repeat 1.
struct RowSlice {
  int channel;  // first channel
  int width, repeat;
  int64_t stride, blocks;
  int rest;
};

// Rows to a wide one: as few as make it a multiple of every vector, if kWideRow has room for them.
[[gnu::always_inline]] static inline int rows_to_a_wide_one(int channels) {
  int repeat = 1;
  while (repeat * channels % 32 != 0) ++repeat;  // a power of two, at most 32
  return repeat * channels <= kWideRow ? repeat : channels < kWideRow ? kWideRow / channels : 1;
}

// Calls visit(slice) for each slice of `rows` x `channels`, of at most `widest` >= kWideRow channels.
template <class Visit>
[[gnu::always_inline]] static inline void for_each_slice(int64_t rows, int channels, int widest, const Visit& visit) {
  const int repeat = rows_to_a_wide_one(channels);
  for (int c = 0; c < channels; c += widest) {
    const int width = channels - c < widest ? channels - c : widest;
    visit(RowSlice{c, width * repeat, repeat, int64_t{channels} * repeat, rows / repeat,
                   static_cast<int>(rows % repeat) * channels});
  }
}
template <class Visit>
[[gnu::always_inline]] static inline void for_each_slice(int64_t rows, int channels, const Visit& visit) {
  for_each_slice(rows, channels, kWideRow, visit);
}

// Calls body(offset of the wide row, its width) for each wide row of a slice.
template <class Body>
[[gnu::always_inline]] static inline void for_each_row(const RowSlice& s, const Body& body) {
  int64_t at = s.channel;
  for (int64_t i = 0; i < s.blocks; ++i, at += s.stride) body(at, s.width);
  if (s.rest > 0) body(at, s.rest);
}

// A per-channel array as a wide row sees it: itself, or repeated.
template <class T>
struct WideArray {
  const T* data;
  alignas(64) T repeated[kWideRow];
  [[gnu::always_inline]] inline WideArray(const T* src, const RowSlice& s) {
    data = s.repeat == 1 ? src + s.channel : repeated;
    if (s.repeat == 1) return;
    const int channels = s.width / s.repeat;
    for (int r = 0; r < s.repeat; ++r)
      for (int c = 0; c < channels; ++c) repeated[r * channels + c] = src[c];
  }
};

// Rows of one width, `stride` apart, few enough for the first-level cache.
struct RowBlock {
  int64_t at, stride;
  int rows, width;
};

// Calls visit(block) for the blocks of a slice, at most `most` rows each.
template <class Visit>
[[gnu::always_inline]] static inline void for_each_block(const RowSlice& s, int most, const Visit& visit) {
  const int64_t steps = (s.blocks + most - 1) / most + (s.rest > 0 ? 1 : 0);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t left = s.blocks - i * most;
    const int64_t at = s.channel + (left > 0 ? i * most : s.blocks) * s.stride;
    visit(RowBlock{at, s.stride, left <= 0 ? 1 : left < most ? static_cast<int>(left) : most, left > 0 ? s.width : s.rest});
  }
}
// A block of s16 takes half of a cache of 32 KiB, and a column of it no more than half of the places that its stride leaves there.
constexpr int kBlockValues = 8192, kMostRows = 256;
[[gnu::always_inline]] static inline int rows_in_cache(const RowSlice& s) {
  const int rows = s.width < kBlockValues ? kBlockValues / s.width : 1;
  return rows < kMostRows ? rows : kMostRows;
}

// A vector's worth of a block's columns.
struct Column {
  int first;  // of the wide row
  int64_t at, stride;
  int rows;
  int64_t ahead;  // from a value to its place in the next block, for fetch (vectors.h)
};

// Calls body(part, column): down the rows, a column's constants and sums stay in registers.
template <class Lanes, class Body>
[[gnu::always_inline]] static inline void for_each_column(const RowBlock& b, const Body& body) {
  for_each_vector<Lanes>(
      b.width, [&](const auto& part, int64_t first) __attribute__((always_inline)) {
        body(part, Column{static_cast<int>(first), b.at + first, b.stride, b.rows, b.rows * b.stride});
      });
}

}  // namespace intrain::ops
