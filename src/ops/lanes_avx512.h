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
};

}  // namespace
}  // namespace intrain::ops
