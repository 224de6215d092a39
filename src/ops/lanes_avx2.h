// A vector of 8 lanes of 32 bits or 16 of 16 bits, for the element-wise kernels. Included by AVX2 kernel files only; lanes_avx512.h
// is its twin.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"

namespace intrain::ops {
namespace {

struct Lanes {
  using Register = __m256i;
  using Count = __m128i;  // of a shift, the same for all lanes
  static constexpr int kLanes = 8;
  static inline Count count(int s) { return _mm_cvtsi32_si128(s); }
  static inline Register zero() { return _mm256_setzero_si256(); }
  static inline Register bit_and(Register a, Register b) { return _mm256_and_si256(a, b); }
  static inline Register bit_or(Register a, Register b) { return _mm256_or_si256(a, b); }
  static inline Register exclusive_or(Register a, Register b) { return _mm256_xor_si256(a, b); }
  static inline Register exclusive_or(Register a, Register b, Register c) { return exclusive_or(exclusive_or(a, b), c); }

  // 8 lanes of 32 bits.
  static inline Register set(uint32_t v) { return _mm256_set1_epi32(static_cast<int32_t>(v)); }
  static inline Register load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static inline void store(void* p, Register v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static inline Register add(Register a, Register b) { return _mm256_add_epi32(a, b); }
  static inline Register subtract(Register a, Register b) { return _mm256_sub_epi32(a, b); }
  static inline Register min(Register a, Register b) { return _mm256_min_epi32(a, b); }
  static inline Register max(Register a, Register b) { return _mm256_max_epi32(a, b); }
  static inline Register abs(Register a) { return _mm256_abs_epi32(a); }
  static inline Register shift_left(Register a, Count s) { return _mm256_sll_epi32(a, s); }
  static inline Register shift_right(Register a, Count s) { return _mm256_sra_epi32(a, s); }
  static inline Register shift_right_each(Register a, Register s) { return _mm256_srav_epi32(a, s); }
  static inline Register shift_left_each(Register a, Register s) { return _mm256_sllv_epi32(a, s); }
  static inline Register half_down(Register a) { return _mm256_srli_epi32(a, 16); }  // logical
  static inline Register half_up(Register a) { return _mm256_slli_epi32(a, 16); }

  // 16 lanes of 16 bits.
  static inline Register set16(int v) { return _mm256_set1_epi16(static_cast<int16_t>(v)); }
  static inline Register add16(Register a, Register b) { return _mm256_add_epi16(a, b); }
  static inline Register add16_saturated(Register a, Register b) { return _mm256_adds_epi16(a, b); }
  static inline Register min16(Register a, Register b) { return _mm256_min_epi16(a, b); }
  static inline Register max16(Register a, Register b) { return _mm256_max_epi16(a, b); }
  static inline Register abs16(Register a) { return _mm256_abs_epi16(a); }
  static inline Register shift16_left(Register a, Count s) { return _mm256_sll_epi16(a, s); }
  static inline Register shift16_right(Register a, Count s) { return _mm256_sra_epi16(a, s); }
  static inline Register shift16_right_logical(Register a, Count s) { return _mm256_srl_epi16(a, s); }
  static inline Register byte_up(Register a) { return _mm256_slli_epi16(a, 8); }
  // From and to bytes in memory.
  static inline Register load_s8(const void* p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  static inline Register load_u8(const void* p) { return _mm256_cvtepu8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
  // All ones where bottom < the byte < top; the byte is s8 where bottom < 0.
  static inline Register load_pass(const void* p, int bottom, int top) {
    const __m128i less =
        _mm_add_epi8(_mm_loadu_si128(static_cast<const __m128i*>(p)), _mm_set1_epi8(static_cast<char>(-1 - bottom)));
    return _mm256_cvtepi8_epi16(_mm_cmpeq_epi8(_mm_min_epu8(less, _mm_set1_epi8(static_cast<char>(top - bottom - 2))), less));
  }
  // Clamped to +-127; to 0 and 255.
  static inline void store_s8(void* p, Register v) {
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm_max_epi8(bytes, _mm_set1_epi8(-127)));
  }
  static inline void store_u8(void* p, Register v) {
    _mm_storeu_si128(static_cast<__m128i*>(p), _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
  }

  // Between the two. Two registers of 32 bits hold the lanes of one of 16 bits in the order that is cheap to make: within each 128
  // bits, the first the lower four, the second the upper.
  static inline Register interleave_low(Register a, Register b) { return _mm256_unpacklo_epi16(a, b); }  // (a[i], b[i])
  static inline Register interleave_high(Register a, Register b) { return _mm256_unpackhi_epi16(a, b); }
  static inline Register pack(Register low, Register high) { return _mm256_packs_epi32(low, high); }  // saturated
  // From the order of memory, and back.
  static inline Register low_of(Register first, Register second) { return _mm256_permute2x128_si256(first, second, 0x20); }
  static inline Register high_of(Register first, Register second) { return _mm256_permute2x128_si256(first, second, 0x31); }
  static inline Register first_of(Register low, Register high) { return low_of(low, high); }
  static inline Register second_of(Register low, Register high) { return high_of(low, high); }
  // Saturated, from the order of memory.
  static inline Register pack_in_order(Register first, Register second) {
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
  }
  // c + a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1]
  static inline Register dot(Register c, Register a, Register b) { return _mm256_add_epi32(c, _mm256_madd_epi16(a, b)); }
  static inline Register dot(Register a, Register b) { return _mm256_madd_epi16(a, b); }

  // Philox in 4 lanes of 64 bits, of which the lower 32 count.
  static inline Register iota64(uint32_t first) { return _mm256_add_epi32(set(first), _mm256_set_epi32(0, 6, 0, 4, 0, 2, 0, 0)); }
  static inline Register multiply64(Register a, Register b) { return _mm256_mul_epu32(a, b); }
  static inline Register high64(Register a) { return _mm256_srli_epi64(a, 32); }
  // Lane 2 i from even, 2 i + 1 from odd.
  static inline Register merge64(Register even, Register odd) {
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  }
  // From a word of 16 blocks: byte 0 of all, byte 1 of all, ...
  static inline void store_byte_planes(const Register* word, uint8_t* out) {
    const Register planes = _mm256_broadcastsi128_si256(_mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0));
    const Register a = _mm256_shuffle_epi8(word[0], planes), b = _mm256_shuffle_epi8(word[1], planes);
    const Register order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    store(out, _mm256_permutevar8x32_epi32(_mm256_unpacklo_epi32(a, b), order));
    store(out + 32, _mm256_permutevar8x32_epi32(_mm256_unpackhi_epi32(a, b), order));
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
