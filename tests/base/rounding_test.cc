// Rounding and shifting against hand-worked values and exact oracles.
#include "base/rounding.h"

#include <gtest/gtest.h>

#include "support/oracle.h"
#include "support/rng.h"

namespace intrain {
namespace {

using test::Rng;
using test::round_pow2;
using Wide = test::Int128;

// Zero, powers of two and their neighbours, odd multiples of a half step, both ends of the type, and numbers of every width.
std::vector<int64_t> interesting_values(uint64_t seed, int64_t limit) {
  std::vector<int64_t> values = {0, limit, -limit, limit - 1, 1 - limit};
  for (int b = 0; b < 63; ++b)
    for (int64_t d = -2; d <= 2; ++d)
      for (int64_t base : {int64_t{1} << b, int64_t{3} << (b > 61 ? 0 : b), int64_t{5} << (b > 60 ? 0 : b)})
        for (int64_t v : {base + d, -base - d})
          if (v >= -limit && v <= limit) values.push_back(v);
  Rng rng(seed);
  for (int i = 0; i < 2000; ++i)
    if (const int64_t v = rng.any_width(63); v >= -limit && v <= limit) values.push_back(v);
  return values;
}

TEST(Rounding, BitLengthAndMagnitude) {
  EXPECT_EQ(bit_length(0), 0);
  EXPECT_EQ(bit_length(1), 1);
  EXPECT_EQ(bit_length(255), 8);
  EXPECT_EQ(bit_length(256), 9);
  EXPECT_EQ(bit_length(UINT64_MAX), 64);
  EXPECT_EQ(magnitude(-5), 5u);
  EXPECT_EQ(magnitude(INT64_MIN), uint64_t{1} << 63);
}

// By hand: n / 4 for n = -10 .. 10 is -2.5, -2.25, -2, ... ; ties go to the even neighbour.
TEST(Rounding, RshiftRoundByHand) {
  const int64_t expected[21] = {-2, -2, -2, -2, -2, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2};
  for (int n = -10; n <= 10; ++n) EXPECT_EQ(rshift_round(n, 2), expected[n + 10]) << n;
}

TEST(Rounding, RshiftRoundIsNearestTiesToEven) {
  std::vector<int64_t> values = interesting_values(1, INT64_MAX);
  values.push_back(INT64_MIN);
  for (int64_t v : values)
    for (int s = 0; s <= 62; ++s) ASSERT_EQ(static_cast<long double>(rshift_round(v, s)), round_pow2(v, -s)) << v << " >> " << s;
}

TEST(Rounding, RshiftRound32IsRshiftRound) {
  for (int s = 0; s <= 30; ++s) {
    const Shift32 r = make_shift32(s);
    const int64_t limit = INT32_MAX - (s > 0 ? int64_t{1} << (s - 1) : 0);
    for (int32_t v = -3000; v <= 3000; ++v) ASSERT_EQ(rshift_round32(v, r), rshift_round(v, s)) << v << " >> " << s;
    Rng rng(100 + s);
    for (int i = 0; i < 3000; ++i) {
      const int32_t v = static_cast<int32_t>(i < 8 ? (i % 2 ? limit - i : i - limit) : rng.range(-limit, limit));
      ASSERT_EQ(rshift_round32(v, r), rshift_round(v, s)) << v << " >> " << s;
    }
  }
}

// E = v / 2^s exactly: the sum over all 2^s values of u is v. The bits of r below the top s take no part.
TEST(Rounding, StochasticExpectationIsExact) {
  for (int s = 1; s <= 11; ++s)
    for (int64_t v : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{5}, int64_t{-77}, int64_t{1000}, int64_t{123456789},
                      int64_t{-123456789}, int64_t{1} << 62, -(int64_t{1} << 62)}) {
      Wide sum = 0;
      for (uint32_t u = 0; u < 1u << s; ++u) {
        const uint32_t low = (u * 2654435761u) & ((1u << (32 - s)) - 1);
        const int64_t q = rshift_stochastic(v, s, (u << (32 - s)) | low);
        sum += q;
        ASSERT_TRUE(q == v >> s || q == (v >> s) + 1) << v << " >> " << s;
        // Exact values never move.
        if (v % (int64_t{1} << s) == 0) {
          ASSERT_EQ(q, v >> s);
        }
      }
      ASSERT_TRUE(sum == v) << v << " >> " << s;
    }
}

TEST(Rounding, StochasticIsFloorOfSum) {
  Rng rng(3);
  for (int64_t v : interesting_values(4, int64_t{1} << 62))
    for (int s = 1; s <= 62; ++s) {
      const uint32_t r = s % 3 == 0 ? UINT32_MAX : static_cast<uint32_t>(rng.bits());
      const Wide u = s <= 32 ? Wide{r >> (32 - s)} : Wide{r} << (s - 32);
      ASSERT_TRUE(Wide{rshift_stochastic(v, s, r)} == (Wide{v} + u) >> s) << v << " >> " << s << " with " << r;
    }
  EXPECT_EQ(rshift_stochastic(7, 0, UINT32_MAX), 7);
}

// From 8 bits: u = floor((2 r + 1) 2^s / 2^9). By hand, s = 10: u = 2, 6, 10 .. 1022: 1 needs u >= 1023 and never moves, 2 moves
// for r = 255.
TEST(Rounding, Stochastic8ByHand) {
  EXPECT_EQ(rshift_stochastic8(1, 10, 255), 0);
  EXPECT_EQ(rshift_stochastic8(2, 10, 255), 1);
  EXPECT_EQ(rshift_stochastic8(2, 10, 254), 0);
  EXPECT_EQ(rshift_stochastic8(-1, 10, 0), 0);   // -1 + 2
  EXPECT_EQ(rshift_stochastic8(-3, 10, 0), -1);  // -3 + 2
  EXPECT_EQ(rshift_stochastic8(7, 0, 255), 7);
  EXPECT_EQ(rshift_stochastic8(5, 1, 127), 2);
  EXPECT_EQ(rshift_stochastic8(5, 1, 128), 3);
}

// The mean over the 256 values of r is v / 2^s for s <= 8, and within 2^-9 of it above; exact values never move.
TEST(Rounding, Stochastic8Expectation) {
  Rng rng(11);
  constexpr int64_t kLimit = (int64_t{1} << 31) - (int64_t{1} << 24) - 1;
  for (int s = 0; s <= 24; ++s)
    for (int i = 0; i < 400; ++i) {
      const int32_t v = static_cast<int32_t>(i == 0   ? kLimit
                                             : i == 1 ? -kLimit
                                             : i < 40 ? (rng.range(-99, 99) << s) + (i % 3 - 1)
                                                      : rng.any_width(30));
      int64_t sum = 0;
      for (int r = 0; r < 256; ++r) {
        const int64_t u = ((2 * int64_t{r} + 1) << s) >> 9, q = rshift_stochastic8(v, s, static_cast<uint8_t>(r));
        ASSERT_EQ(q, (v + u) >> s) << v << " >> " << s << " with " << r;
        if (v % (int64_t{1} << s) == 0) {
          ASSERT_EQ(q, v >> s);
        }
        sum += q;
      }
      const int64_t error = (sum << s) - int64_t{v} * 256;  // times 2^(s + 8)
      ASSERT_LE(magnitude(error), s <= 8 ? 0u : uint64_t{1} << (s - 1)) << v << " >> " << s;
    }
}

TEST(Rounding, ScalePow2) {
  const long double limit = std::ldexp(1.0L, 62);
  for (int64_t v : interesting_values(5, INT64_MAX))
    for (int s = -80; s <= 80; ++s) {
      long double expected = round_pow2(v, s);
      if (s < -62) expected = 0;
      if (s >= 0) expected = expected > limit ? limit : expected < -limit ? -limit : expected;
      // From 2^62 on (only where the bit length says so) the result is the limit.
      if (s >= 0 && v != 0 && bit_length(magnitude(v)) + s > 62) expected = v < 0 ? -limit : limit;
      ASSERT_EQ(static_cast<long double>(scale_pow2(v, s)), expected) << v << " * 2^" << s;
    }
}

// q is the nearest integer to a / b: 2 |a - q b| <= b, and q is even when that is an equality.
TEST(Rounding, DivRoundIsNearestTiesToEven) {
  const auto check = [](int64_t a, int64_t b) {
    const int64_t q = div_round(a, b);
    const Wide rest = Wide{a} - Wide{q} * b, twice = rest < 0 ? -2 * rest : 2 * rest;
    ASSERT_TRUE(twice < b || (twice == b && q % 2 == 0)) << a << " / " << b << " gave " << q;
    const int64_t f = div_floor(a, b);
    ASSERT_TRUE(Wide{f} * b <= a && a < (Wide{f} + 1) * b) << a << " / " << b << " floor gave " << f;
  };
  for (int64_t a = -60; a <= 60; ++a)
    for (int64_t b = 1; b <= 24; ++b) check(a, b);
  Rng rng(6);
  for (int i = 0; i < 100000; ++i) check(rng.any_width(63), 1 + static_cast<int64_t>(magnitude(rng.any_width(61))));
  for (int64_t b : {int64_t{1}, int64_t{2}, int64_t{3}, (int64_t{1} << 62) - 1})
    for (int64_t a : {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1}) check(a, b);
  EXPECT_EQ(div_round(-3, 2), -2);  // -1.5: to -2, the even one
  EXPECT_EQ(div_round(-1, 2), 0);
  EXPECT_EQ(div_round(10, 4), 2);
  EXPECT_EQ(div_round(14, 4), 4);
}

TEST(Rounding, DivFractionIsFloor) {
  Rng rng(7);
  for (int f : {0, 1, 8, 16, 30})
    for (int i = 0; i < 20000; ++i) {
      const int64_t b = 1 + static_cast<int64_t>(magnitude(rng.any_width(62 - f)));
      const int64_t a = static_cast<int64_t>(magnitude(rng.any_width(62)));
      const Wide expected = (Wide{a} << f) / b;
      if (expected >= Wide{1} << 63) continue;
      ASSERT_TRUE(Wide{div_fraction(a, b, f)} == expected) << a << " / " << b << " with " << f;
    }
}

TEST(Rounding, IsqrtIsFloor) {
  const auto check = [](uint64_t root) {
    ASSERT_EQ(isqrt(root * root), root);
    if (root > 0) {
      ASSERT_EQ(isqrt(root * root - 1), root - 1);
    }
    ASSERT_EQ(isqrt(root * root + 2 * root), root);  // (root + 1)^2 - 1
  };
  for (uint64_t root = 0; root < 1 << 16; ++root) check(root);
  for (uint64_t d = 0; d < 100; ++d) check(UINT32_MAX - d);
  Rng rng(8);
  for (int i = 0; i < 20000; ++i) check(rng.bits() >> 32);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t v = rng.bits() >> rng.range(0, 63);
    const test::UInt128 root = isqrt(v);
    ASSERT_TRUE(root * root <= v && v < (root + 1) * (root + 1)) << v;
  }
}

}  // namespace
}  // namespace intrain
