// 8 lanes of 32 bits for random_bytes.h. Included by AVX2 kernel files only.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"

namespace intrain::ops {
namespace {

struct Lanes {
  using Register = __m256i;
  static constexpr int kLanes = 8;
  static inline Register set(uint32_t v) { return _mm256_set1_epi32(static_cast<int32_t>(v)); }
  static inline Register iota(uint32_t first) { return _mm256_add_epi32(set(first), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)); }
  static inline Register exclusive_or(Register a, Register b) { return _mm256_xor_si256(a, b); }
  // The 64-bit products of each lane with m.
  static inline void multiply(Register a, Register m, Register* high, Register* low) {
    const Register even = _mm256_mul_epu32(a, m), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);
    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
    *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
  }
  // Byte b of every lane.
  static inline void store_bytes(Register a, int b, uint8_t* out) {
    const Register byte = _mm256_and_si256(_mm256_srl_epi32(a, _mm_cvtsi32_si128(8 * b)), set(255));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(byte), _mm256_extracti128_si256(byte, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
  }
  // Lane after lane, its four words: c[0], c[1], c[2], c[3].
  static inline void store_blocks(const Register* c, uint32_t* out) {
    const Register low01 = _mm256_unpacklo_epi32(c[0], c[1]), high01 = _mm256_unpackhi_epi32(c[0], c[1]);
    const Register low23 = _mm256_unpacklo_epi32(c[2], c[3]), high23 = _mm256_unpackhi_epi32(c[2], c[3]);
    // Lanes i and 4 + i.
    const Register b0 = _mm256_unpacklo_epi64(low01, low23), b1 = _mm256_unpackhi_epi64(low01, low23);
    const Register b2 = _mm256_unpacklo_epi64(high01, high23), b3 = _mm256_unpackhi_epi64(high01, high23);
    Register* to = reinterpret_cast<Register*>(out);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(b0, b1, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(b2, b3, 0x20));
    _mm256_storeu_si256(to + 2, _mm256_permute2x128_si256(b0, b1, 0x31));
    _mm256_storeu_si256(to + 3, _mm256_permute2x128_si256(b2, b3, 0x31));
  }
};

}  // namespace
}  // namespace intrain::ops
