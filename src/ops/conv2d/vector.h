// The vector forms of staging and packing, for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/conv2d/conv2d.h"
#include "ops/intrinsics.h"
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

[[gnu::always_inline]] static inline __m128i load16(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
[[gnu::always_inline]] static inline __m256i widen(__m128i v, bool is_signed) {
  return is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

// 16 packed elements of which the first `count` are stored, for 8 <= count or 4 <= count < 8 in two stores that meet or overlap.
template <class Element>
[[gnu::always_inline]] static inline void store_some(Element* out, __m128i v, const PackFormat& f, int count) {
  alignas(32) Element held[16];
  if constexpr (sizeof(Element) == 1)
    _mm_store_si128(reinterpret_cast<__m128i*>(held), v);
  else
    _mm256_store_si256(reinterpret_cast<__m256i*>(held), widen(v, f.is_signed));
  if (count >= 8) {
    __builtin_memcpy(out, held, 8 * sizeof(Element));
    __builtin_memcpy(out + count - 8, held + count - 8, 8 * sizeof(Element));
  } else if (count >= 4) {
    __builtin_memcpy(out, held, 4 * sizeof(Element));
    __builtin_memcpy(out + count - 4, held + count - 4, 4 * sizeof(Element));
  } else {
    for (int i = 0; i < count; ++i) out[i] = held[i];
  }
}

// Rows r .. r + rows of 16 columns, rows <= 16: four rounds of interleaving row i with row i + 8.
template <class Element, bool kWhole>
[[gnu::always_inline]] static inline void transpose_block(const PackTranspose& p, int r, int rows, int c) {
  __m128i v[16], t[16];
  const __m128i flip = _mm_set1_epi8(static_cast<char>(p.format.flip));
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) v[i] = kWhole || i < rows ? _mm_xor_si128(load16(p.src + (r + i) * p.src_stride + c), flip) : flip;
#pragma GCC unroll 4
  for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      t[2 * i] = _mm_unpacklo_epi8(v[i], v[i + 8]);
      t[2 * i + 1] = _mm_unpackhi_epi8(v[i], v[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) v[i] = t[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    Element* out = static_cast<Element*>(p.dst) + (c + i) * p.dst_stride + r;
    if constexpr (!kWhole)
      store_some(out, v[i], p.format, rows);
    else if constexpr (sizeof(Element) == 1)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), v[i]);
    else
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), widen(v[i], p.format.is_signed));
  }
}

// One packed element, where no vector fits.
[[gnu::always_inline]] static inline void pack_one(const PackFormat& f, uint8_t value, uint8_t* dst) { *dst = value ^ f.flip; }
[[gnu::always_inline]] static inline void pack_one(const PackFormat& f, uint8_t value, int16_t* dst) {
  *dst = f.is_signed ? static_cast<int8_t>(value) : value;
}

template <class Element>
[[gnu::always_inline]] static inline void transpose_as(const PackTranspose& p) {
  int c = 0;
  for (; c + 16 <= p.cols; c += 16) {
    int r = 0;
    for (; r + 16 <= p.rows; r += 16) transpose_block<Element, true>(p, r, 16, c);
    if (r < p.rows) transpose_block<Element, false>(p, r, p.rows - r, c);
  }
  for (int r = 0; r < p.rows; ++r)
    for (int i = c; i < p.cols; ++i)
      pack_one(p.format, p.src[r * p.src_stride + i], static_cast<Element*>(p.dst) + i * p.dst_stride + r);
}

[[gnu::always_inline]] static inline void pack_transpose_vector(const PackTranspose& p) {
  if (p.format.element_bytes == 1)
    transpose_as<uint8_t>(p);
  else
    transpose_as<int16_t>(p);
}

template <class Element>
[[gnu::always_inline]] static inline void interleave_as(const PackInterleave& p) {
  constexpr int kUnit = 4 / static_cast<int>(sizeof(Element));
  for (int t = 0; t < p.steps; ++t) {
    Element* out = static_cast<Element*>(p.dst) + int64_t{t} * p.width * kUnit;
    const int rows = p.rows - t * kUnit;
    const uint8_t* row[kUnit];
    for (int j = 0; j < kUnit; ++j) row[j] = p.src + (int64_t{t} * kUnit + j) * p.src_stride;
    int c = 0;
    if (rows > 0) {
      for (; c + 16 <= p.cols; c += 16) {
        __m128i v[kUnit];
#pragma GCC unroll 4
        for (int j = 0; j < kUnit; ++j) v[j] = j < rows ? load16(row[j] + c) : _mm_setzero_si128();
        const __m128i ab0 = _mm_unpacklo_epi8(v[0], v[1]), ab1 = _mm_unpackhi_epi8(v[0], v[1]);
        if constexpr (kUnit == 4) {
          const __m128i cd0 = _mm_unpacklo_epi8(v[2], v[3]), cd1 = _mm_unpackhi_epi8(v[2], v[3]);
          __m128i* to = reinterpret_cast<__m128i*>(out + 4 * c);
          _mm_storeu_si128(to, _mm_unpacklo_epi16(ab0, cd0));
          _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(ab0, cd0));
          _mm_storeu_si128(to + 2, _mm_unpacklo_epi16(ab1, cd1));
          _mm_storeu_si128(to + 3, _mm_unpackhi_epi16(ab1, cd1));
        } else {
          __m256i* to = reinterpret_cast<__m256i*>(out + 2 * c);
          _mm256_storeu_si256(to, widen(ab0, p.format.is_signed));
          _mm256_storeu_si256(to + 1, widen(ab1, p.format.is_signed));
        }
      }
    }
    for (; c < (rows > 0 ? p.cols : 0); ++c)
      for (int j = 0; j < kUnit; ++j) pack_one(p.format, j < rows ? row[j][c] : uint8_t{0}, out + kUnit * c + j);
    for (Element* const end = out + kUnit * p.width; out + kUnit * c < end; ++c) __builtin_memset(out + kUnit * c, 0, 4);
  }
}

[[gnu::always_inline]] static inline void pack_interleave_vector(const PackInterleave& p) {
  if (p.format.element_bytes == 1)
    interleave_as<uint8_t>(p);
  else
    interleave_as<int16_t>(p);
}

// Four units of four rows are a 4 x 4 transpose of 32-bit words.
template <class Element>
[[gnu::always_inline]] static inline void units_as(const PackUnits& p) {
  constexpr int kUnit = 4 / static_cast<int>(sizeof(Element));
  const auto scalar = [&](int n0, int n1, int t0) __attribute__((always_inline)) {
    for (int t = t0; t < p.steps; ++t)
      for (int n = n0; n < n1; ++n)
        for (int j = 0; j < kUnit; ++j)
          pack_one(p.format, n < p.rows && t * kUnit + j < p.cols ? p.src[n * p.src_stride + t * kUnit + j] : uint8_t{0},
                   static_cast<Element*>(p.dst) + (int64_t{t} * p.width + n) * kUnit + j);
  };
  int n = 0;
  for (; n + 4 <= p.rows; n += 4) {
    const uint8_t* src = p.src + n * p.src_stride;
    int t = 0;
    for (; (t + 4) * kUnit <= p.cols; t += 4) {
      __m128i v[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const uint8_t* from = src + i * p.src_stride + t * kUnit;
        if constexpr (kUnit == 4) {
          v[i] = load16(from);
        } else {
          const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
          v[i] = p.format.is_signed ? _mm_cvtepi8_epi16(bytes) : _mm_cvtepu8_epi16(bytes);
        }
      }
      const __m128i ab0 = _mm_unpacklo_epi32(v[0], v[1]), ab1 = _mm_unpackhi_epi32(v[0], v[1]);
      const __m128i cd0 = _mm_unpacklo_epi32(v[2], v[3]), cd1 = _mm_unpackhi_epi32(v[2], v[3]);
      Element* out = static_cast<Element*>(p.dst) + (int64_t{t} * p.width + n) * kUnit;
      const int64_t step = int64_t{p.width} * kUnit;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi64(ab0, cd0));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + step), _mm_unpackhi_epi64(ab0, cd0));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 2 * step), _mm_unpacklo_epi64(ab1, cd1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * step), _mm_unpackhi_epi64(ab1, cd1));
    }
    scalar(n, n + 4, t);
  }
  scalar(n, p.width, 0);
}

[[gnu::always_inline]] static inline void pack_units_vector(const PackUnits& p) {
  if (p.format.element_bytes == 1)
    units_as<uint8_t>(p);
  else
    units_as<int16_t>(p);
}

[[gnu::always_inline]] static inline void add_sums_vector(const AddSums& p) {
  const int cols = p.cols;
  for (int r = 0; r < p.rows; ++r) {
    const int32_t* __restrict sums = p.sums + r * p.lds;
    int64_t* __restrict dst = p.dst + r * p.ldd;
    if (p.overwrite)
      for (int c = 0; c < cols; ++c) dst[c] = sums[c];
    else
      for (int c = 0; c < cols; ++c) dst[c] += sums[c];
  }
}

}  // namespace intrain::ops
