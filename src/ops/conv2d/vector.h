// The vector forms of staging and packing, for the ISA of the file that includes this.
#pragma once

#include "base/rounding.h"
#include "ops/conv2d/conv2d.h"
#include "ops/intrinsics.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void stage_s16_vector(const StageS16& p) {
  const int32_t* __restrict shift = p.shift;
  for (int64_t r = 0; r < p.rows; ++r) {
    const int32_t* __restrict acc = p.acc + r * p.lda;
    int16_t* __restrict dst = p.dst + r * p.ldd;
    for (int c = 0; c < p.channels; ++c) {
      const int32_t s = shift[c], half = (1 << s) >> 1, odd = (acc[c] >> s) & 1;
      dst[c] = static_cast<int16_t>((acc[c] + half - (half != 0) + (odd & (half != 0))) >> s);
    }
  }
}

// Rows r .. r + rows of 16 columns, rows <= 16: four rounds of interleaving row i with row i + 8.
template <bool kWhole>
[[gnu::always_inline]] static inline void transpose_block(const TransposeU8& p, int r, int rows, int c) {
  __m128i v[16], t[16];
  const __m128i flip = _mm_set1_epi8(static_cast<char>(p.flip));
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i)
    v[i] = kWhole || i < rows
               ? _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p.src + (r + i) * p.src_stride + c)), flip)
               : flip;
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
    uint8_t* out = p.dst + (c + i) * p.dst_stride + r;
    if constexpr (kWhole) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), v[i]);
    } else {  // two stores that meet or overlap
      alignas(16) uint8_t bytes[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(bytes), v[i]);
      if (rows >= 8) {
        __builtin_memcpy(out, bytes, 8);
        __builtin_memcpy(out + rows - 8, bytes + rows - 8, 8);
      } else if (rows >= 4) {
        __builtin_memcpy(out, bytes, 4);
        __builtin_memcpy(out + rows - 4, bytes + rows - 4, 4);
      } else {
        for (int b = 0; b < rows; ++b) out[b] = bytes[b];
      }
    }
  }
}

[[gnu::always_inline]] static inline void transpose_u8_vector(const TransposeU8& p) {
  int c = 0;
  for (; c + 16 <= p.cols; c += 16) {
    int r = 0;
    for (; r + 16 <= p.rows; r += 16) transpose_block<true>(p, r, 16, c);
    if (r < p.rows) transpose_block<false>(p, r, p.rows - r, c);
  }
  for (int r = 0; r < p.rows; ++r)
    for (int i = c; i < p.cols; ++i) p.dst[i * p.dst_stride + r] = static_cast<uint8_t>(p.src[r * p.src_stride + i] ^ p.flip);
}

[[gnu::always_inline]] static inline void interleave4_u8_vector(const Interleave4U8& p) {
  const uint8_t *a = p.src, *b = a + p.src_stride, *c = b + p.src_stride, *d = c + p.src_stride;
  int i = 0;
  for (; i + 16 <= p.cols; i += 16) {
    const auto load = [&](const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)); };
    const __m128i va = load(a), vb = load(b), vc = load(c), vd = load(d);
    const __m128i ab0 = _mm_unpacklo_epi8(va, vb), ab1 = _mm_unpackhi_epi8(va, vb);
    const __m128i cd0 = _mm_unpacklo_epi8(vc, vd), cd1 = _mm_unpackhi_epi8(vc, vd);
    __m128i* out = reinterpret_cast<__m128i*>(p.dst + 4 * i);
    _mm_storeu_si128(out, _mm_unpacklo_epi16(ab0, cd0));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(ab0, cd0));
    _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(ab1, cd1));
    _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(ab1, cd1));
  }
  for (; i < p.cols; ++i) {
    p.dst[4 * i] = a[i];
    p.dst[4 * i + 1] = b[i];
    p.dst[4 * i + 2] = c[i];
    p.dst[4 * i + 3] = d[i];
  }
}

}  // namespace intrain::ops
