// All rounding and shifting of intrain. Start reading here: every operator is built from these functions.
//
// Freestanding: no heap, no libc, no exceptions, no floating point. docs/contract.md, "Rounding", is the same in words.
#pragma once

#include <cstdint>

namespace intrain {

// Number of bits of v: 0 for 0, else floor(log2 v) + 1.
static constexpr int bit_length(uint64_t v) { return v == 0 ? 0 : 64 - __builtin_clzll(v); }

// |v| without the overflow of -INT64_MIN.
static constexpr uint64_t magnitude(int64_t v) { return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v); }

static constexpr int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : (v > hi ? hi : v); }

// round(v / 2^s), ties to even. 0 <= s <= 62.
// No overflow for any v: the quotient is at most 2^63 >> s, and rounding adds at most one to a value below 2^62 (s >= 1).
static constexpr int64_t rshift_round(int64_t v, int s) {
  if (s == 0) return v;
  const int64_t quotient = v >> s;
  const int64_t rest = v - quotient * (int64_t{1} << s);  // 0 <= rest < 2^s
  const int64_t half = int64_t{1} << (s - 1);
  return quotient + (rest > half || (rest == half && (quotient & 1)) ? 1 : 0);
}

// The same in 32 bits and without a branch, for inner loops: precondition |v| + 2^(s-1) < 2^31, 0 <= s <= 30.
// (v + 2^(s-1) - 1 + bit s of v) >> s: the added bit turns "round half down" into "half to even".
struct Shift32 {
  int32_t s, bias, odd;
};
static constexpr Shift32 make_shift32(int s) { return {s, s > 0 ? (1 << (s - 1)) - 1 : 0, s > 0 ? 1 : 0}; }
static constexpr int32_t rshift_round32(int32_t v, Shift32 r) { return (v + r.bias + ((v >> r.s) & r.odd)) >> r.s; }

// floor((v + u) / 2^s) with u uniform in [0, 2^s), taken from the 32 random bits r: E = v / 2^s exactly for s <= 32; for larger s
// the low s - 32 bits of u are zero, a bias below 2^-32. 0 <= s <= 62, |v| <= 2^62.
static constexpr int64_t rshift_stochastic(int64_t v, int s, uint32_t r) {
  if (s == 0) return v;
  const int64_t u = s <= 32 ? static_cast<int64_t>(r >> (32 - s)) : static_cast<int64_t>(r) << (s - 32);
  return (v + u) >> s;
}

// The same in 32 bits: precondition 1 <= s <= 30, |v| <= 2^30, so that v + u stays within s32.
static constexpr int32_t rshift_stochastic32(int32_t v, int s, uint32_t r) {
  return (v + static_cast<int32_t>(r >> (32 - s))) >> s;
}

// The same from 8 random bits r, for the large tensors: u = ((2 r + 1) << s) >> 9, uniform over 256 values with the mean of [0,
// 2^s) (s <= 8: exactly uniform), so E differs from v / 2^s by at most 2^-9. 0 <= s <= 29, |v| < 2^31 - 2^s.
static constexpr int32_t rshift_stochastic8(int32_t v, int s, uint8_t r) {
  const int32_t odd = 2 * int32_t{r} + 1;
  return (v + (s >= 9 ? odd * (1 << (s - 9)) : odd >> (9 - s))) >> s;
}

// v * 2^s for s >= 0, saturated to +-(2^62); round(v / 2^-s), ties to even, for s < 0 (0 once -s > 62).
static constexpr int64_t scale_pow2(int64_t v, int s) {
  constexpr int64_t kLimit = int64_t{1} << 62;
  if (s < 0) return -s > 62 ? 0 : rshift_round(v, -s);
  if (v == 0) return 0;
  if (bit_length(magnitude(v)) + s > 62) return v < 0 ? -kLimit : kLimit;
  return v * (int64_t{1} << s);
}

// round(a / b), ties to even. b > 0, b < 2^62.
static constexpr int64_t div_round(int64_t a, int64_t b) {
  int64_t quotient = a / b, rest = a % b;
  if (rest < 0) {
    rest += b;
    --quotient;
  }
  return quotient + (2 * rest > b || (2 * rest == b && (quotient & 1)) ? 1 : 0);
}

// floor(a / b), b > 0.
static constexpr int64_t div_floor(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// floor(a * 2^f / b) without the wide product: a >= 0, 0 < b < 2^(63-f), result < 2^63.
static constexpr int64_t div_fraction(int64_t a, int64_t b, int f) { return ((a / b) << f) + ((a % b) << f) / b; }

// floor(sqrt(v)), bit by bit: 32 steps.
static constexpr uint32_t isqrt(uint64_t v) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const uint64_t trial = root | bit;
    if (trial * trial <= v) root = trial;
  }
  return static_cast<uint32_t>(root);
}

// Shift quantization (WAGEUBN, section on SQ; here R by ceiling): the shift t >= 0 that brings a magnitude `max` into `bits`
// signed bits: max < 2^(t + bits - 1). The quantized value is clamp(round(v / 2^t), +-(2^(bits-1) - 1)); only the rounding of
// values within half a step of 2^(bits-1) is clamped.
static constexpr int quantize_shift(uint64_t max, int bits) {
  const int t = bit_length(max) - (bits - 1);
  return t > 0 ? t : 0;
}
static constexpr int64_t quantize_limit(int bits) { return (int64_t{1} << (bits - 1)) - 1; }
static constexpr int64_t quantize(int64_t v, int t, int bits) {
  return clamp(rshift_round(v, t), -quantize_limit(bits), quantize_limit(bits));
}
static constexpr int64_t quantize_stochastic(int64_t v, int t, int bits, uint32_t r) {
  return clamp(rshift_stochastic(v, t, r), -quantize_limit(bits), quantize_limit(bits));
}

// Direct quantization (WAGEUBN, Q): a value v * 2^-f onto the fixed grid 2^-(bits-1), clipped to +-(1 - 2^-(bits-1)).
static constexpr int64_t quantize_direct(int64_t v, int f, int bits) {
  return clamp(scale_pow2(v, bits - 1 - f), -quantize_limit(bits), quantize_limit(bits));
}

// Constant quantization (WAGEUBN, CQ): stochastic round(dr * v / R), R = 2^r the power of two nearest to max |v| in log2,
// clipped to +-(dr - 1), dr = 2^dr_log2. The magnitude of v is forgotten. r = nearest_log2(max).
static constexpr int nearest_log2(uint64_t max) {
  // round(log2 max): up when max^2 >= 2^(2b+1), that is when the top 32 bits squared reach half of the next power of four.
  const int b = bit_length(max) - 1;
  if (b < 0) return 0;
  const uint64_t top = b <= 31 ? max << (31 - b) : max >> (b - 31);  // in [2^31, 2^32)
  return b + (top * top >= (uint64_t{1} << 63) ? 1 : 0);
}
static constexpr int64_t quantize_constant(int64_t v, int r, int dr_log2, uint32_t random) {
  const int shift = r - dr_log2;
  const int64_t n = shift >= 0 ? rshift_stochastic(v, shift, random) : scale_pow2(v, -shift);
  const int64_t limit = (int64_t{1} << dr_log2) - 1;
  return clamp(n, -limit, limit);
}

// Two s8 planes of one number, v = high 2^8 + low, for |v| <= kPlanesMax: the codes 128 above a multiple of 256 become one less, because
// an s8 never holds -128.
struct Planes {
  int32_t high, low;
};
constexpr int32_t kPlanesMax = 127 * 256 + 127;
static constexpr Planes split_planes(int32_t v) {
  const int32_t high = (v + 127) >> 8, low = v - high * 256;  // -127 .. 128
  return {high, low < 127 ? low : 127};
}
static_assert(split_planes(kPlanesMax).high == 127 && split_planes(-kPlanesMax).high == -127 &&
              split_planes(-kPlanesMax).low == -127);

// v with at most `bits` significant bits, rounded. |v| <= 2^62.
static constexpr int64_t round_significant(int64_t v, int bits) {
  const int s = bit_length(magnitude(v)) - bits;
  return s > 0 ? rshift_round(v, s) * (int64_t{1} << s) : v;
}

static_assert(round_significant(1000, 4) == 1024 && round_significant(-1000, 5) == -992 && round_significant(7, 3) == 7);
static_assert(rshift_round(5, 1) == 2 && rshift_round(7, 1) == 4 && rshift_round(-5, 1) == -2 && rshift_round(-7, 1) == -4);
static_assert(rshift_round(INT64_MAX, 1) == int64_t{1} << 62 && rshift_round(INT64_MIN, 62) == -2);
static_assert(rshift_round32(5, make_shift32(1)) == 2 && rshift_round32(-7, make_shift32(1)) == -4 &&
              rshift_round32(9, make_shift32(0)) == 9);
static_assert(div_round(7, 2) == 4 && div_round(5, 2) == 2 && div_round(-5, 2) == -2 && div_round(-7, 2) == -4);
static_assert(isqrt(UINT64_MAX) == UINT32_MAX && isqrt(15) == 3 && isqrt(16) == 4);
static_assert(nearest_log2(1) == 0 && nearest_log2(11) == 3 && nearest_log2(12) == 4 && nearest_log2(3) == 2);

}  // namespace intrain
