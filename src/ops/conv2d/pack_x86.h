// Packing by the byte shuffles of x86, for the ISA of the file that includes this. A transpose is of any format; b is packed for the tiles of
// x86, whose steps are 4 bytes and which take b as it is.
#pragma once

#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/vector.h"
#include "ops/intrinsics.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline bool is_for_x86(const PackFormat& f) {
  return f.depth * f.element_bytes == 4 && f.flip == 0;
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
  constexpr int kDepth = 4 / static_cast<int>(sizeof(Element));
  for (int t = 0; t < p.steps; ++t) {
    Element* out = static_cast<Element*>(p.dst) + int64_t{t} * p.width * kDepth;
    const int rows = p.rows - t * kDepth;
    const uint8_t* row[kDepth];
    for (int j = 0; j < kDepth; ++j) row[j] = p.src + (int64_t{t} * kDepth + j) * p.src_stride;
    int c = 0;
    if (rows > 0) {
      for (; c + 16 <= p.cols; c += 16) {
        __m128i v[kDepth];
#pragma GCC unroll 4
        for (int j = 0; j < kDepth; ++j) v[j] = j < rows ? load16(row[j] + c) : _mm_setzero_si128();
        if (c % 64 == 0) {
#pragma GCC unroll 4
          for (int j = 0; j < kDepth; ++j) fetch(row[j] + c, 64 * p.src_stride);
        }
        const __m128i ab0 = _mm_unpacklo_epi8(v[0], v[1]), ab1 = _mm_unpackhi_epi8(v[0], v[1]);
        if constexpr (kDepth == 4) {
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
      for (int j = 0; j < kDepth; ++j) pack_one(p.format, j < rows ? row[j][c] : uint8_t{0}, out + kDepth * c + j);
    for (Element* const end = out + kDepth * p.width; out + kDepth * c < end; ++c) __builtin_memset(out + kDepth * c, 0, 4);
  }
}

[[gnu::always_inline]] static inline void pack_interleave_vector(const PackInterleave& p) {
  if (!is_for_x86(p.format))
    return p.format.element_bytes == 1 ? pack_interleave_any<uint8_t>(p) : pack_interleave_any<int16_t>(p);
  return p.format.element_bytes == 1 ? interleave_as<uint8_t>(p) : interleave_as<int16_t>(p);
}

// Four units of four rows are a 4 x 4 transpose of 32-bit words.
template <class Element>
[[gnu::always_inline]] static inline void units_as(const PackUnits& p) {
  constexpr int kDepth = 4 / static_cast<int>(sizeof(Element));
  int n = 0;
  for (; n + 4 <= p.rows; n += 4) {
    const uint8_t* src = p.src + n * p.src_stride;
    int t = 0;
    for (; (t + 4) * kDepth <= p.cols; t += 4) {
      __m128i v[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const uint8_t* from = src + i * p.src_stride + t * kDepth;
        if constexpr (kDepth == 4) {
          v[i] = load16(from);
        } else {
          const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
          v[i] = p.format.is_signed ? _mm_cvtepi8_epi16(bytes) : _mm_cvtepu8_epi16(bytes);
        }
      }
      const __m128i ab0 = _mm_unpacklo_epi32(v[0], v[1]), ab1 = _mm_unpackhi_epi32(v[0], v[1]);
      const __m128i cd0 = _mm_unpacklo_epi32(v[2], v[3]), cd1 = _mm_unpackhi_epi32(v[2], v[3]);
      Element* out = static_cast<Element*>(p.dst) + (int64_t{t} * p.width + n) * kDepth;
      const int64_t step = int64_t{p.width} * kDepth;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi64(ab0, cd0));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + step), _mm_unpackhi_epi64(ab0, cd0));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 2 * step), _mm_unpacklo_epi64(ab1, cd1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * step), _mm_unpackhi_epi64(ab1, cd1));
    }
    pack_units_any<Element>(p, kDepth, n, n + 4, t);
  }
  pack_units_any<Element>(p, kDepth, n, p.width, 0);
}

[[gnu::always_inline]] static inline void pack_units_vector(const PackUnits& p) {
  if (!is_for_x86(p.format))
    return p.format.element_bytes == 1 ? pack_units_any<uint8_t>(p, p.format.depth, 0, p.width, 0)
                                       : pack_units_any<int16_t>(p, p.format.depth, 0, p.width, 0);
  return p.format.element_bytes == 1 ? units_as<uint8_t>(p) : units_as<int16_t>(p);
}

}  // namespace intrain::ops
