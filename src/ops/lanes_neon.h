// A vector of 4 lanes of 32 bits or 8 of 16 bits, for the element-wise kernels. Included by kernel files of 64-bit ARM only; lanes_avx2.h is its
// twin.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"

namespace intrain::ops {
namespace {

struct Lanes {
  using Register = int32x4_t;
  using Count =
      int8x16_t;  // of a shift, the same for all lanes: shifts read the lowest byte of a lane, to the left if it is positive
  static constexpr int kLanes = 4;
  static inline Count count(int s) { return vdupq_n_s8(static_cast<int8_t>(s)); }
  static inline Register zero() { return vdupq_n_s32(0); }
  static inline Register bit_and(Register a, Register b) { return vandq_s32(a, b); }
  static inline Register bit_or(Register a, Register b) { return vorrq_s32(a, b); }
  static inline Register exclusive_or(Register a, Register b) { return veorq_s32(a, b); }
  static inline Register exclusive_or(Register a, Register b, Register c) { return veorq_s32(veorq_s32(a, b), c); }

  // 4 lanes of 32 bits.
  static inline Register set(uint32_t v) { return vdupq_n_s32(static_cast<int32_t>(v)); }
  static inline Register load(const void* p) { return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(p))); }
  static inline void store(void* p, Register v) { vst1q_u8(static_cast<uint8_t*>(p), vreinterpretq_u8_s32(v)); }
  static inline Register add(Register a, Register b) { return vaddq_s32(a, b); }
  static inline Register subtract(Register a, Register b) { return vsubq_s32(a, b); }
  static inline Register min(Register a, Register b) { return vminq_s32(a, b); }
  static inline Register max(Register a, Register b) { return vmaxq_s32(a, b); }
  static inline Register abs(Register a) { return vabsq_s32(a); }
  static inline Register shift_left(Register a, Count s) { return vshlq_s32(a, vreinterpretq_s32_s8(s)); }
  static inline Register shift_right(Register a, Count s) { return vshlq_s32(a, vreinterpretq_s32_s8(vnegq_s8(s))); }
  static inline Register shift_right_each(Register a, Register s) { return vshlq_s32(a, vnegq_s32(s)); }
  static inline Register shift_left_each(Register a, Register s) { return vshlq_s32(a, s); }
  static inline Register half_down(Register a) {  // logical
    return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), 16));
  }
  static inline Register half_up(Register a) { return vshlq_n_s32(a, 16); }

  // 8 lanes of 16 bits.
  static inline int16x8_t as16(Register a) { return vreinterpretq_s16_s32(a); }
  static inline Register of16(int16x8_t a) { return vreinterpretq_s32_s16(a); }
  static inline Register set16(int v) { return of16(vdupq_n_s16(static_cast<int16_t>(v))); }
  static inline Register add16(Register a, Register b) { return of16(vaddq_s16(as16(a), as16(b))); }
  static inline Register add16_saturated(Register a, Register b) { return of16(vqaddq_s16(as16(a), as16(b))); }
  static inline Register min16(Register a, Register b) { return of16(vminq_s16(as16(a), as16(b))); }
  static inline Register max16(Register a, Register b) { return of16(vmaxq_s16(as16(a), as16(b))); }
  static inline Register abs16(Register a) { return of16(vabsq_s16(as16(a))); }
  static inline Register shift16_left(Register a, Count s) { return of16(vshlq_s16(as16(a), vreinterpretq_s16_s8(s))); }
  static inline Register shift16_right(Register a, Count s) {
    return of16(vshlq_s16(as16(a), vreinterpretq_s16_s8(vnegq_s8(s))));
  }
  static inline Register shift16_right_logical(Register a, Count s) {
    return vreinterpretq_s32_u16(vshlq_u16(vreinterpretq_u16_s32(a), vreinterpretq_s16_s8(vnegq_s8(s))));
  }
  static inline Register byte_up(Register a) { return of16(vshlq_n_s16(as16(a), 8)); }
  // From and to bytes in memory.
  static inline Register load_s8(const void* p) { return of16(vmovl_s8(vld1_s8(static_cast<const int8_t*>(p)))); }
  static inline Register load_u8(const void* p) {
    return vreinterpretq_s32_u16(vmovl_u8(vld1_u8(static_cast<const uint8_t*>(p))));
  }
  // All ones where bottom < the byte < top; the byte is s8 where bottom < 0.
  static inline Register load_pass(const void* p, int bottom, int top) {
    const uint8x8_t less = vadd_u8(vld1_u8(static_cast<const uint8_t*>(p)), vdup_n_u8(static_cast<uint8_t>(-1 - bottom)));
    return of16(vmovl_s8(vreinterpret_s8_u8(vcle_u8(less, vdup_n_u8(static_cast<uint8_t>(top - bottom - 2))))));
  }
  // Clamped to +-127; to 0 and 255.
  static inline void store_s8(void* p, Register v) {
    vst1_s8(static_cast<int8_t*>(p), vmax_s8(vqmovn_s16(as16(v)), vdup_n_s8(-127)));
  }
  static inline void store_u8(void* p, Register v) { vst1_u8(static_cast<uint8_t*>(p), vqmovun_s16(as16(v))); }

  // Between the two. Two registers of 32 bits hold the lanes of one of 16 bits: the first the lower four, the second the upper, which is the
  // order of memory too.
  static inline Register interleave_low(Register a, Register b) { return of16(vzip1q_s16(as16(a), as16(b))); }  // (a[i], b[i])
  static inline Register interleave_high(Register a, Register b) { return of16(vzip2q_s16(as16(a), as16(b))); }
  static inline Register pack(Register low, Register high) { return of16(vqmovn_high_s32(vqmovn_s32(low), high)); }  // saturated
  static inline Register low_of(Register first, Register) { return first; }
  static inline Register high_of(Register, Register second) { return second; }
  static inline Register first_of(Register low, Register) { return low; }
  static inline Register second_of(Register, Register high) { return high; }
  static inline Register pack_in_order(Register first, Register second) { return pack(first, second); }
  // c + a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1]
  static inline Register dot(Register c, Register a, Register b) { return vaddq_s32(c, dot(a, b)); }
  static inline Register dot(Register a, Register b) {
    return vpaddq_s32(vmull_s16(vget_low_s16(as16(a)), vget_low_s16(as16(b))), vmull_high_s16(as16(a), as16(b)));
  }

  // Philox in 2 lanes of 64 bits, of which the lower 32 count.
  static inline Register iota64(uint32_t first) { return vaddq_s32(set(first), vsetq_lane_s32(2, zero(), 2)); }
  static inline Register multiply64(Register a, Register b) {
    return vreinterpretq_s32_u64(vmull_u32(vmovn_u64(vreinterpretq_u64_s32(a)), vmovn_u64(vreinterpretq_u64_s32(b))));
  }
  static inline Register high64(Register a) { return vreinterpretq_s32_u64(vshrq_n_u64(vreinterpretq_u64_s32(a), 32)); }
  // Lane 2 i from even, 2 i + 1 from odd.
  static inline Register merge64(Register even, Register odd) { return vtrn1q_s32(even, odd); }
  // From a word of 16 blocks: byte 0 of all, byte 1 of all, ...
  static inline void store_byte_planes(const Register* word, uint8_t* out) {
    const auto bytes = [&](int i) { return vreinterpretq_u8_s32(word[i]); };
    const uint8x16_t even[2] = {vuzp1q_u8(bytes(0), bytes(1)), vuzp1q_u8(bytes(2), bytes(3))};  // bytes 0 and 2
    const uint8x16_t odd[2] = {vuzp2q_u8(bytes(0), bytes(1)), vuzp2q_u8(bytes(2), bytes(3))};
    vst1q_u8(out, vuzp1q_u8(even[0], even[1]));
    vst1q_u8(out + 16, vuzp1q_u8(odd[0], odd[1]));
    vst1q_u8(out + 32, vuzp2q_u8(even[0], even[1]));
    vst1q_u8(out + 48, vuzp2q_u8(odd[0], odd[1]));
  }
  // Lane after lane, its four words: c[0], c[1], c[2], c[3].
  static inline void store_blocks(const Register* c, uint32_t* out) {
    const int32x4x4_t words = {{c[0], c[1], c[2], c[3]}};
    vst4q_s32(reinterpret_cast<int32_t*>(out), words);
  }
};

}  // namespace
}  // namespace intrain::ops
