// The three quantizers of base/rounding.h: shift, direct and constant quantization.
#include <gtest/gtest.h>

#include <cmath>

#include "base/rounding.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain {
namespace {

using test::Rng;

TEST(ShiftQuantization, ShiftIsTheSmallestThatFits) {
  EXPECT_EQ(quantize_shift(0, 8), 0);
  EXPECT_EQ(quantize_shift(127, 8), 0);
  EXPECT_EQ(quantize_shift(128, 8), 1);
  EXPECT_EQ(quantize_shift(255, 8), 1);
  EXPECT_EQ(quantize_shift(256, 8), 2);
  Rng rng(1);
  for (int bits = 2; bits <= 16; ++bits)
    for (int i = 0; i < 3000; ++i) {
      const uint64_t max = magnitude(rng.any_width(62));
      const int t = quantize_shift(max, bits);
      ASSERT_LT(static_cast<long double>(max), std::ldexp(1.0L, t + bits - 1));
      if (t > 0) {
        ASSERT_GE(static_cast<long double>(max), std::ldexp(1.0L, t - 1 + bits - 1)) << max;
      }
    }
}

// By hand, max = 1000, 8 bits: 1000 < 2^(t + 7) gives t = 3. 1000 / 8 = 125; 20 / 8 = 2.5 -> 2; 28 / 8 = 3.5 -> 4; -4 / 8 = -0.5
// -> 0. And max = 1023, t = 3: 1023 / 8 = 127.875 -> 128, clamped to 127.
TEST(ShiftQuantization, ByHand) {
  EXPECT_EQ(quantize_shift(1000, 8), 3);
  EXPECT_EQ(quantize(1000, 3, 8), 125);
  EXPECT_EQ(quantize(20, 3, 8), 2);
  EXPECT_EQ(quantize(28, 3, 8), 4);
  EXPECT_EQ(quantize(-4, 3, 8), 0);
  EXPECT_EQ(quantize_shift(1023, 8), 3);
  EXPECT_EQ(quantize(1023, 3, 8), 127);
  EXPECT_EQ(quantize(-1023, 3, 8), -127);
}

// Within half a step of the value, or within one step of it at the clamp, for every value up to the maximum.
TEST(ShiftQuantization, HalfAStep) {
  for (int bits : {2, 5, 8, 16})
    for (int64_t max : {1, 3, 100, 127, 128, 1000, 32767, 65535, 70000}) {
      const int t = quantize_shift(static_cast<uint64_t>(max), bits);
      const int64_t limit = quantize_limit(bits), step = int64_t{1} << t;
      for (int64_t v = -max; v <= max; ++v) {
        const int64_t q = quantize(v, t, bits), error = static_cast<int64_t>(magnitude(q * step - v));
        ASSERT_LE(magnitude(q), static_cast<uint64_t>(limit));
        ASSERT_TRUE(2 * error <= step || (magnitude(q) == static_cast<uint64_t>(limit) && error < step))
            << v << " of " << max << ", " << bits << " bits";
      }
    }
}

TEST(ShiftQuantization, StochasticIsUnbiasedUpToTheClamp) {
  const int bits = 8;
  for (int64_t max : {300, 1023, 5000}) {
    const int t = quantize_shift(static_cast<uint64_t>(max), bits);
    for (int64_t v = -max; v <= max; v += 7) {
      int64_t sum = 0;
      for (uint32_t u = 0; u < 1u << t; ++u) sum += quantize_stochastic(v, t, bits, u << (32 - t));
      // Only values beyond the last step, 127 * 2^t, are moved by the clamp.
      const int64_t last = quantize_limit(bits) << t;
      ASSERT_EQ(sum, v > last ? last : v < -last ? -last : v);
    }
  }
}

// Q(x, k) = clip(round(x 2^(k-1)) / 2^(k-1), +-(1 - 2^-(k-1))).
TEST(DirectQuantization, IsThePaperFormula) {
  EXPECT_EQ(quantize_direct(1 << 23, 24, 8), 64);       // 0.5 * 128
  EXPECT_EQ(quantize_direct(1 << 24, 24, 8), 127);      // 1.0: clipped
  EXPECT_EQ(quantize_direct(-(1 << 25), 24, 8), -127);  // -2.0
  EXPECT_EQ(quantize_direct(3 << 16, 24, 8), 2);        // 3 * 2^-8 * 128 = 1.5 -> 2
  EXPECT_EQ(quantize_direct(1 << 16, 24, 8), 0);        // 0.5 -> 0
  Rng rng(2);
  for (int bits : {2, 4, 8, 13, 16})
    for (int f : {0, 3, 10, 24, 40})
      for (int i = 0; i < 5000; ++i) {
        const int64_t v = rng.any_width(f + 3);
        const double limit = std::ldexp(1.0, bits - 1) - 1;
        const double expected = test::clip(static_cast<double>(test::round_pow2(v, bits - 1 - f)), -limit, limit);
        ASSERT_EQ(static_cast<double>(quantize_direct(v, f, bits)), expected) << v << " * 2^-" << f << " to " << bits << " bits";
      }
}

// round(log2 max): exactly when max is 2^(b + 1/2) or more, decided on the top 32 bits.
TEST(ConstantQuantization, NearestLog2) {
  EXPECT_EQ(nearest_log2(0), 0);
  using Wide = test::UInt128;
  const auto check = [](uint64_t max) {
    const int b = bit_length(max) - 1;
    const bool up = Wide{max} * max >= Wide{1} << (2 * b + 1);
    ASSERT_EQ(nearest_log2(max), b + (up ? 1 : 0)) << max;
  };
  for (uint64_t max = 1; max < 300000; ++max) check(max);
  Rng rng(3);
  for (int i = 0; i < 100000; ++i) check((rng.bits() >> 32 >> rng.range(0, 31)) | 1);
  for (int i = 0; i < 100000; ++i)
    if (const uint64_t max = (rng.bits() >> rng.range(0, 31)) | (uint64_t{1} << 32); max >> (bit_length(max) - 32) != 3037000499)
      check(max);
}

// CQ by hand: max = 100, R = 2^7; dr = 2^7: round(128 v / 128) = v. dr = 2^5: shift 2, so 10 / 4 = 2.5 is 2 or 3 evenly; clipped
// to 31.
TEST(ConstantQuantization, ByHand) {
  EXPECT_EQ(nearest_log2(100), 7);
  EXPECT_EQ(quantize_constant(100, 7, 7, 0), 100);
  EXPECT_EQ(quantize_constant(10, 7, 5, 0), 2);
  EXPECT_EQ(quantize_constant(10, 7, 5, 0x7FFFFFFF), 2);
  EXPECT_EQ(quantize_constant(10, 7, 5, 0x80000000), 3);
  EXPECT_EQ(quantize_constant(1000, 7, 5, 0), 31);
  EXPECT_EQ(quantize_constant(-1000, 7, 5, UINT32_MAX), -31);
  EXPECT_EQ(quantize_constant(3, 2, 7, UINT32_MAX), 96);  // a left shift is exact: 3 * 2^5
}

TEST(ConstantQuantization, UnbiasedInsideTheClip) {
  for (int r = 4; r <= 12; ++r)
    for (int dr_log2 : {2, 4}) {
      const int shift = r - dr_log2;
      const int64_t limit = ((int64_t{1} << dr_log2) - 1) << shift;
      for (int64_t v = -limit; v <= limit; v += 1 + limit / 50) {
        int64_t sum = 0;
        for (uint32_t u = 0; u < 1u << shift; ++u) sum += quantize_constant(v, r, dr_log2, shift == 0 ? 0 : u << (32 - shift));
        ASSERT_EQ(sum, v) << "r " << r << " dr 2^" << dr_log2;
      }
    }
}

}  // namespace
}  // namespace intrain
