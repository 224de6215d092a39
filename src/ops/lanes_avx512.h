// A vector of 16 lanes of 32 bits or 32 of 16 bits, for the element-wise kernels. Included by AVX-512 kernel files only;
// lanes_avx2.h is its twin.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"

namespace intrain::ops {
namespace {

struct Lanes {
  using Register = __m512i;
  using Count = __m128i;  // of a shift, the same for all lanes
  static constexpr int kLanes = 16;
  static inline Count count(int s) { return _mm_cvtsi32_si128(s); }
  static inline Register zero() { return _mm512_setzero_si512(); }
  static inline Register bit_and(Register a, Register b) { return _mm512_and_si512(a, b); }
  static inline Register bit_or(Register a, Register b) { return _mm512_or_si512(a, b); }
  static inline Register exclusive_or(Register a, Register b) { return _mm512_xor_si512(a, b); }
  static inline Register exclusive_or(Register a, Register b, Register c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }

  // 16 lanes of 32 bits.
  static inline Register set(uint32_t v) { return _mm512_set1_epi32(static_cast<int32_t>(v)); }
  static inline Register load(const void* p) { return _mm512_loadu_si512(p); }
  static inline void store(void* p, Register v) { _mm512_storeu_si512(p, v); }
  static inline Register add(Register a, Register b) { return _mm512_add_epi32(a, b); }
  static inline Register subtract(Register a, Register b) { return _mm512_sub_epi32(a, b); }
  static inline Register min(Register a, Register b) { return _mm512_min_epi32(a, b); }
  static inline Register max(Register a, Register b) { return _mm512_max_epi32(a, b); }
  static inline Register abs(Register a) { return _mm512_abs_epi32(a); }
  static inline Register shift_left(Register a, Count s) { return _mm512_sll_epi32(a, s); }
  static inline Register shift_right(Register a, Count s) { return _mm512_sra_epi32(a, s); }
  static inline Register shift_right_each(Register a, Register s) { return _mm512_srav_epi32(a, s); }
  static inline Register shift_left_each(Register a, Register s) { return _mm512_sllv_epi32(a, s); }
  static inline Register half_down(Register a) { return _mm512_srli_epi32(a, 16); }  // logical
  static inline Register half_up(Register a) { return _mm512_slli_epi32(a, 16); }

  // 32 lanes of 16 bits.
  static inline Register set16(int v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); }
  static inline Register add16(Register a, Register b) { return _mm512_add_epi16(a, b); }
  static inline Register add16_saturated(Register a, Register b) { return _mm512_adds_epi16(a, b); }
  static inline Register min16(Register a, Register b) { return _mm512_min_epi16(a, b); }
  static inline Register max16(Register a, Register b) { return _mm512_max_epi16(a, b); }
  static inline Register abs16(Register a) { return _mm512_abs_epi16(a); }
  static inline Register shift16_left(Register a, Count s) { return _mm512_sll_epi16(a, s); }
  static inline Register shift16_right(Register a, Count s) { return _mm512_sra_epi16(a, s); }
  static inline Register shift16_right_logical(Register a, Count s) { return _mm512_srl_epi16(a, s); }
  static inline Register byte_up(Register a) { return _mm512_slli_epi16(a, 8); }
  // From and to bytes in memory.
  static inline Register load_s8(const void* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  static inline Register load_u8(const void* p) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  // All ones where bottom < the byte < top; the byte is s8 where bottom < 0.
  static inline Register load_pass(const void* p, int bottom, int top) {
    const __m256i less =
        _mm256_add_epi8(_mm256_loadu_si256(static_cast<const __m256i*>(p)), _mm256_set1_epi8(static_cast<char>(-1 - bottom)));
    return _mm512_cvtepi8_epi16(
        _mm256_cmpeq_epi8(_mm256_min_epu8(less, _mm256_set1_epi8(static_cast<char>(top - bottom - 2))), less));
  }
  // Clamped to +-127; to 0 and 255.
  static inline void store_s8(void* p, Register v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm256_max_epi8(_mm512_cvtsepi16_epi8(v), _mm256_set1_epi8(-127)));
  }
  static inline void store_u8(void* p, Register v) {
    const Register bytes = _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), _mm512_packus_epi16(v, v));
    _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_castsi512_si256(bytes));
  }

  // Between the two. Two registers of 32 bits hold the lanes of one of 16 bits in the order that is cheap to make: within each 128
  // bits, the first the lower four, the second the upper.
  static inline Register interleave_low(Register a, Register b) { return _mm512_unpacklo_epi16(a, b); }  // (a[i], b[i])
  static inline Register interleave_high(Register a, Register b) { return _mm512_unpackhi_epi16(a, b); }
  static inline Register pack(Register low, Register high) { return _mm512_packs_epi32(low, high); }  // saturated
  // From the order of memory, and back.
  static inline Register low_of(Register first, Register second) { return _mm512_shuffle_i32x4(first, second, 0x88); }
  static inline Register high_of(Register first, Register second) { return _mm512_shuffle_i32x4(first, second, 0xDD); }
  static inline Register first_of(Register low, Register high) {
    return _mm512_permutex2var_epi64(low, _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high);
  }
  static inline Register second_of(Register low, Register high) {
    return _mm512_permutex2var_epi64(low, _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4), high);
  }
  // Saturated, from the order of memory.
  static inline Register pack_in_order(Register first, Register second) {
    return _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), _mm512_packs_epi32(first, second));
  }
  // c + a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1]
  static inline Register dot(Register c, Register a, Register b) { return _mm512_dpwssd_epi32(c, a, b); }
  static inline Register dot(Register a, Register b) { return _mm512_madd_epi16(a, b); }

  // Philox in 8 lanes of 64 bits, of which the lower 32 count.
  static inline Register iota64(uint32_t first) {
    return _mm512_add_epi32(set(first), _mm512_set_epi32(0, 14, 0, 12, 0, 10, 0, 8, 0, 6, 0, 4, 0, 2, 0, 0));
  }
  static inline Register multiply64(Register a, Register b) { return _mm512_mul_epu32(a, b); }
  static inline Register high64(Register a) { return _mm512_srli_epi64(a, 32); }
  // Lane 2 i from even, 2 i + 1 from odd.
  static inline Register merge64(Register even, Register odd) {
    return _mm512_mask_mov_epi32(even, 0xAAAA, _mm512_slli_epi64(odd, 32));
  }
  // From a word of 16 blocks: byte 0 of all, byte 1 of all, ...
  static inline void store_byte_planes(const Register* word, uint8_t* out) {
    const Register planes = _mm512_broadcast_i32x4(_mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0));
    const Register order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    store(out, _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(word[0], planes)));
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
