// The vector forms of staging and packing that a compiler makes itself, for the ISA of the file that includes this. What is written for an
// architecture stands in pack_x86.h and pack_neon.h.
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/conv2d/conv2d.h"
#include "ops/vectors.h"

namespace intrain::ops {

template <class Lanes>
[[gnu::always_inline]] static inline void stage_columns(const StageS16& p) {
  using Register = typename Lanes::Register;
  for_each_vector<Lanes>(
      p.channels, [&](const auto& part, int64_t column) __attribute__((always_inline)) {
        const Register least = Lanes::set16(-kS16Max);
        Register shift[2];
        part.load32(p.shift + column, &shift[0], &shift[1]);
        const RoundEach32<Lanes> first(shift[0]), second(shift[1]);
        const int32_t* acc = p.acc + column;
        int16_t* dst = p.dst + column;
        const int64_t rows = p.rows, lda = p.lda, ldd = p.ldd;
        for (int64_t r = 0; r < rows; ++r, acc += lda, dst += ldd) {
          Register v[2];
          part.load32(acc, &v[0], &v[1]);
          part.store16(dst, Lanes::max16(Lanes::pack_in_order(first(v[0]), second(v[1])), least));
        }
      });
}

// Few channels without gaps: as many rows as fill a vector are one.
template <class Lanes>
[[gnu::always_inline]] static inline void stage_s16_vector(const StageS16& p) {
  constexpr int kCount = 2 * Lanes::kLanes;
  const int repeat = kCount / p.channels;
  if (repeat < 2 || kCount % p.channels != 0 || p.lda != p.channels || p.ldd != p.channels) return stage_columns<Lanes>(p);
  alignas(64) int32_t shift[kCount];
  for (int i = 0; i < kCount; i += p.channels)
    for (int c = 0; c < p.channels; ++c) shift[i + c] = p.shift[c];
  StageS16 wide = p;
  wide.shift = shift;
  wide.channels = kCount;
  wide.lda = wide.ldd = kCount;
  wide.rows = p.rows / repeat;
  stage_columns<Lanes>(wide);
  StageS16 rest = p;
  rest.rows = p.rows % repeat;
  rest.acc += wide.rows * kCount;
  rest.dst += wide.rows * kCount;
  if (rest.rows > 0) stage_columns<Lanes>(rest);
}

// Locals, for a store of bytes may change p.
[[gnu::always_inline]] static inline void pack_row_vector(const PackRow& p) {
  const uint8_t* __restrict src = p.src;
  const int64_t count = p.count;
  if (p.format.element_bytes == 1) {
    uint8_t* __restrict dst = static_cast<uint8_t*>(p.dst);
    const uint8_t flip = p.format.flip;
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i] ^ flip;
  } else if (p.format.is_signed) {
    int16_t* __restrict dst = static_cast<int16_t*>(p.dst);
    for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<int8_t>(src[i]);
  } else {
    int16_t* __restrict dst = static_cast<int16_t*>(p.dst);
    for (int64_t i = 0; i < count; ++i) dst[i] = src[i];
  }
}

// One packed element.
[[gnu::always_inline]] static inline void pack_one(const PackFormat& f, uint8_t value, uint8_t* dst) { *dst = value ^ f.flip; }
[[gnu::always_inline]] static inline void pack_one(const PackFormat& f, uint8_t value, int16_t* dst) {
  *dst = f.is_signed ? static_cast<int8_t>(value) : value;
}

// Columns [n0, n1) of b from step t0 on, element by element, of any format of this depth. at(k, n) is where the source of row k of column n
// lies, which it has where k < rows and n < cols.
template <class Element, class Params, class At>
[[gnu::always_inline]] static inline void pack_elements(const Params& p, int depth, int n0, int n1, int t0, int rows, int cols,
                                                        const At& at) {
  for (int t = t0; t < p.steps; ++t)
    for (int n = n0; n < n1; ++n)
      for (int j = 0; j < depth; ++j)
        pack_one(p.format, n < cols && t * depth + j < rows ? *at(t * depth + j, n) : uint8_t{0},
                 static_cast<Element*>(p.dst) + (int64_t{t} * p.width + n) * depth + j);
}
template <class Element>
[[gnu::always_inline]] static inline void pack_interleave_any(const PackInterleave& p) {
  const auto at = [&](int k, int n) __attribute__((always_inline)) { return p.src + k * p.src_stride + n; };
  pack_elements<Element>(p, p.format.depth, 0, p.width, 0, p.rows, p.cols, at);
}
template <class Element>
[[gnu::always_inline]] static inline void pack_units_any(const PackUnits& p, int depth, int n0, int n1, int t0) {
  const auto at = [&](int k, int n) __attribute__((always_inline)) { return p.src + n * p.src_stride + k; };
  pack_elements<Element>(p, depth, n0, n1, t0, p.cols, p.rows, at);
}

// Columns [c0, c0 + cols), at most kSumColumns; most: of each column.
constexpr int kSumColumns = 64;
template <bool kOverwrite, bool kLast, class Sum>
[[gnu::always_inline]] static inline void add_columns(const AddSums& p, Sum* to, int c0, int cols, Sum* __restrict most) {
  for (int r = 0; r < p.rows; ++r) {
    const int32_t* __restrict sums = p.sums + r * p.lds + c0;
    Sum* __restrict dst = to + r * p.ldd + c0;
    for (int c = 0; c < cols; ++c) {
      const Sum sum = (kOverwrite ? 0 : dst[c]) + sums[c];
      dst[c] = sum;
      if constexpr (kLast) {
        const Sum a = sum < 0 ? -sum : sum;
        most[c] = a > most[c] ? a : most[c];
      }
    }
  }
}
template <class Sum>
[[gnu::always_inline]] static inline uint64_t add_sums_of(const AddSums& p, Sum* dst) {
  alignas(64) Sum most[kSumColumns] = {};
  for (int c = 0; c < p.cols; c += kSumColumns) {
    const int cols = p.cols - c < kSumColumns ? p.cols - c : kSumColumns;
    if (p.last)
      p.overwrite ? add_columns<true, true>(p, dst, c, cols, most) : add_columns<false, true>(p, dst, c, cols, most);
    else
      p.overwrite ? add_columns<true, false>(p, dst, c, cols, most) : add_columns<false, false>(p, dst, c, cols, most);
  }
  if (!p.last) return 0;
  Sum max = 0;
  for (int c = 0; c < kSumColumns; ++c) max = most[c] > max ? most[c] : max;
  return static_cast<uint64_t>(max);
}
[[gnu::always_inline]] static inline uint64_t add_sums_vector(const AddSums& p) {
  return p.dst.visit([&](auto* dst) __attribute__((always_inline)) { return add_sums_of(p, dst); });
}

}  // namespace intrain::ops
