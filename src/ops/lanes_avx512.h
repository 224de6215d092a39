// 16 lanes of 32 bits for random_bytes.h. Included by AVX-512 kernel files only.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"

namespace intrain::ops {
namespace {

struct Lanes {
  using Register = __m512i;
  static constexpr int kLanes = 16;
  static inline Register set(uint32_t v) { return _mm512_set1_epi32(static_cast<int32_t>(v)); }
  static inline Register iota(uint32_t first) {
    return _mm512_add_epi32(set(first), _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  }
  static inline Register exclusive_or(Register a, Register b) { return _mm512_xor_si512(a, b); }
  // The 64-bit products of each lane with m.
  static inline void multiply(Register a, Register m, Register* high, Register* low) {
    const Register even = _mm512_mul_epu32(a, m), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), m);
    *low = _mm512_mask_mov_epi32(even, 0xAAAA, _mm512_slli_epi64(odd, 32));
    *high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xAAAA, odd);
  }
  // Byte b of every lane.
  static inline void store_bytes(Register a, int b, uint8_t* out) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(_mm512_srl_epi32(a, _mm_cvtsi32_si128(8 * b))));
  }
  // Lane after lane, its four words: c[0], c[1], c[2], c[3].
  static inline void store_blocks(const Register* c, uint32_t* out) {
    const Register low01 = _mm512_unpacklo_epi32(c[0], c[1]), high01 = _mm512_unpackhi_epi32(c[0], c[1]);
    const Register low23 = _mm512_unpacklo_epi32(c[2], c[3]), high23 = _mm512_unpackhi_epi32(c[2], c[3]);
    // Lanes i, 4 + i, 8 + i and 12 + i.
    const Register b0 = _mm512_unpacklo_epi64(low01, low23), b1 = _mm512_unpackhi_epi64(low01, low23);
    const Register b2 = _mm512_unpacklo_epi64(high01, high23), b3 = _mm512_unpackhi_epi64(high01, high23);
    const Register even01 = _mm512_shuffle_i32x4(b0, b1, 0x88), odd01 = _mm512_shuffle_i32x4(b0, b1, 0xDD);  // lanes 0 8, 4 12
    const Register even23 = _mm512_shuffle_i32x4(b2, b3, 0x88), odd23 = _mm512_shuffle_i32x4(b2, b3, 0xDD);
    _mm512_storeu_si512(out, _mm512_shuffle_i32x4(even01, even23, 0x88));
    _mm512_storeu_si512(out + 16, _mm512_shuffle_i32x4(odd01, odd23, 0x88));
    _mm512_storeu_si512(out + 32, _mm512_shuffle_i32x4(even01, even23, 0xDD));
    _mm512_storeu_si512(out + 48, _mm512_shuffle_i32x4(odd01, odd23, 0xDD));
  }
};

}  // namespace
}  // namespace intrain::ops
