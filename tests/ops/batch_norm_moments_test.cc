// Per-channel arithmetic of batch normalization: moments, sigma, the affine map, running statistics.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Int128;
using intrain::test::Rng;

// y = 1, 2, 4: S1 = 7, S2 = 21, n = 3. mean = 7/3 = 2 + 1/3: floor(65536 / 3) = 21845. q = 2, r = 1, D2 = 21 - 2 (7 + 1) = 5 (1 +
// 0 + 4). var = floor(5 * 65536 / 3) - floor(21845^2 / 65536) = 109226 - 7281 = 101945 (exact: 14/9 * 65536 = 101944.9).
TEST(Moments, ByHand) {
  const Moments m = batch_norm_moments(7, 21, 3);
  EXPECT_EQ(m.mean_q16, 2 * 65536 + 21845);
  EXPECT_EQ(m.var_q16, 101945);
}

// y = -1, -2: S1 = -3, S2 = 5: q = -2, r = 1, D2 = 5 + 2 (-3 + 1) = 1, f = 32768: mean = -1.5, var = 32768 - 16384 = 1/4.
TEST(Moments, NegativeByHand) {
  const Moments m = batch_norm_moments(-3, 5, 2);
  EXPECT_EQ(m.mean_q16, -98304);
  EXPECT_EQ(m.var_q16, 16384);
}

// The mean is floor(S1 2^16 / n) exactly. The variance, in units of 2^-16, is off by less than 3 above and less than 1 below:
// with F = r 2^16 / n < 2^16 and f = floor F, F^2 - f^2 < 2 F < 2^17 is less than 2 units, and the two floors lie within (-1, 0]
// and [0, 1).
void check_moments(int64_t s1, int64_t s2, int64_t n) {
  const Moments m = batch_norm_moments(s1, s2, n);
  const Int128 rest = (Int128{s1} << 16) - Int128{m.mean_q16} * n;
  ASSERT_TRUE(rest >= 0 && rest < n) << "mean of " << s1 << " / " << n;
  const Int128 n2_var = Int128{n} * s2 - Int128{s1} * s1;
  const long double exact = std::ldexp(static_cast<long double>(n2_var) / n / n, 16);  // a relative error of 2^-63, below 2^-17
  ASSERT_GT(m.var_q16 - exact, -1.001L) << s1 << " " << s2 << " " << n;
  ASSERT_LT(m.var_q16 - exact, 3.001L) << s1 << " " << s2 << " " << n;
  ASSERT_GE(m.var_q16, 0);
  ASSERT_LT(m.var_q16, int64_t{1} << 46);
  ASSERT_LE(magnitude(m.mean_q16), uint64_t{1} << 31);
}

TEST(Moments, WithinThreeUnits) {
  Rng rng(1);
  for (int i = 0; i < 200000; ++i) {
    // Sums of two values, a and b, in any proportion; the extremes among them.
    const int64_t n = i % 3 == 0 ? int64_t{1} << 24 : rng.range(1, int64_t{1} << rng.range(1, 24));
    const int64_t limit = (int64_t{1} << rng.range(1, 15)) - 1;
    const int64_t a = i % 5 == 0 ? kS16Max : rng.range(-limit, limit), b = i % 7 == 0   ? -kS16Max
                                                                           : i % 7 == 1 ? a - 1
                                                                                        : rng.range(-limit, limit);
    if (b < -kS16Max) continue;
    const int64_t n1 = i % 4 == 0 ? n / 2 : i % 4 == 1 ? rng.range(0, n < 3 ? n : 3) : rng.range(0, n);
    check_moments(n1 * a + (n - n1) * b, n1 * a * a + (n - n1) * b * b, n);
    if (HasFatalFailure()) return;
  }
}

TEST(Moments, ConstantChannelHasNoVariance) {
  for (int64_t y : {0, 1, -1, 12345, -kS16Max, kS16Max})
    for (int64_t n : {int64_t{1}, int64_t{3}, int64_t{1000003}, int64_t{1} << 24}) {
      const Moments m = batch_norm_moments(n * y, n * y * y, n);
      EXPECT_EQ(m.mean_q16, y * 65536);
      EXPECT_EQ(m.var_q16, 0);
    }
}

// floor(sqrt((var + epsilon) 2^16)), epsilon = 2^-17 real = 2^(-17 - 2 e_y) in units of y^2, kept within [2^-16, 2^28]; at least 2^10.
TEST(Sigma, IsTheRootOfVarianceAndEpsilon) {
  EXPECT_EQ(batch_norm_sigma(0, -8), 46340u);     // epsilon = 2^-17 * 2^16 = 1/2: sqrt(1/2) 2^16 = 46340.95
  EXPECT_EQ(batch_norm_sigma(65536, 0), 65536u);  // 1 + 2^-16 (the least epsilon): the root is 65536.5
  EXPECT_EQ(batch_norm_sigma(0, 40), 1024u);      // 2^-16 alone: its root is 2^-8, below the least, 2^-6
  EXPECT_EQ(batch_norm_sigma(0, -40), 1u << 30);  // 2^28 alone: its root is 2^14
  Rng rng(2);
  for (int i = 0; i < 100000; ++i) {
    const int64_t var = i % 10 == 0 ? (int64_t{1} << 46) - 1 : static_cast<int64_t>(magnitude(rng.any_width(46)));
    const int e_y = static_cast<int>(rng.range(-40, 20));
    const long double epsilon = std::ldexp(1.0L, -1 - 2 * e_y < 0 ? 0 : -1 - 2 * e_y > 44 ? 44 : -1 - 2 * e_y);
    const long double root = std::sqrt(std::ldexp(var + epsilon, 16));
    const uint32_t sigma = batch_norm_sigma(var, e_y);
    ASSERT_LE(sigma, std::max(1024.0L, root * (1 + 1e-18L))) << var << " " << e_y;
    ASSERT_GT(sigma + 1.0L, root) << var << " " << e_y;
    ASSERT_GE(sigma, 1u << 10);
  }
}

TEST(Affine, IsSixteenOverSigma) {
  Rng rng(3);
  for (int i = 0; i < 100000; ++i) {
    const int length = static_cast<int>(rng.range(11, 32));
    const uint32_t sigma = static_cast<uint32_t>(i < 22 ? (int64_t{1} << (11 + i)) - 1
                                                        : rng.range(int64_t{1} << (length - 1), (int64_t{1} << length) - 1));
    const int64_t mean = rng.any_width(31);
    const Affine a = batch_norm_affine(mean, sigma);
    ASSERT_GE(a.shift, 4);
    ASSERT_LE(a.shift, 25);
    ASSERT_GE(a.mult, 1 << 13);
    ASSERT_LE(a.mult, 1 << 14);
    // mult within half a unit of 2^(20 + shift) / sigma: a relative error of at most 2^-14.
    ASSERT_LE(std::fabs(a.mult - std::ldexp(1.0, 20 + a.shift) / sigma), 0.5);
    ASSERT_EQ(a.offset, -std::nearbyint(std::ldexp(static_cast<double>(mean) * a.mult, -16)));
  }
  const Affine saturated = batch_norm_affine(int64_t{1} << 40, 1u << 31);
  EXPECT_EQ(saturated.offset, -(int64_t{saturated.mult} << 15));
}

TEST(Running, UpdateIsTheExponentialAverage) {
  // By hand: 0 towards 1.0 = 2^32: 2^32 * 102 / 1024 = 427819008 exactly.
  EXPECT_EQ(running_update(0, 65536, 0), 427819008);
  EXPECT_EQ(running_update(int64_t{1} << 32, 65536, 0), int64_t{1} << 32);
  Rng rng(4);
  for (int i = 0; i < 100000; ++i) {
    const int64_t running = rng.any_width(52), moment = rng.any_width(46);
    const int exponent = static_cast<int>(rng.range(-70, 12));
    const long double limit = std::ldexp(1.0L, 52);
    long double fresh = std::ldexp(static_cast<long double>(moment), exponent + 16);
    fresh = fresh > limit ? limit : fresh < -limit ? -limit : fresh;
    const long double expected = running + (fresh - running) * 102 / 1024;
    // Half a unit for the new value (times 102/1024) and half a unit for the update.
    ASSERT_LE(std::fabs(running_update(running, moment, exponent) - expected), 0.5L + 0.5L * 102 / 1024 + 1e-6L)
        << running << " " << moment << " " << exponent;
  }
}

// 3 and 5 around 1: 2 * 2 + 4 * 4 over 2 = 10, their mean 4, their variance 1.
TEST(Running, MomentAroundIsTheMeanSquare) {
  EXPECT_EQ(moment_around({4 << 16, 1 << 16}, 1 << 16), 10 << 16);
  Rng rng(6);
  const long double most = std::ldexp(1.0L, 31) - 1;
  for (int i = 0; i < 100000; ++i) {
    const Moments m{rng.any_width(31), static_cast<int64_t>(magnitude(rng.any_width(46)))};
    const int64_t center = rng.any_width(62);
    const long double d =
        std::min(most, std::max(-most, static_cast<long double>(m.mean_q16) - static_cast<long double>(center)));
    const long double expected = static_cast<long double>(m.var_q16) + std::ldexp(d * d, -16);
    ASSERT_LE(std::fabs(static_cast<long double>(moment_around(m, center)) - expected), 0.5L) << m.mean_q16 << " " << center;
  }
}

// The update stalls where |new - running| * 102 / 1024 <= 1/2: within 5 units of 2^-32.
TEST(Running, ConvergesToWithinFiveUnits) {
  for (int64_t target : {int64_t{0}, int64_t{1} << 20, -(int64_t{3} << 20), int64_t{1} << 52}) {
    int64_t running = 777777;
    for (int i = 0; i < 1000; ++i) running = running_update(running, target, -16);
    EXPECT_LE(magnitude(running - target), 5u) << target;
  }
}

TEST(Running, MomentsComeBackInUnitsOfY) {
  Rng rng(5);
  for (int i = 0; i < 20000; ++i) {
    const int64_t mean = rng.any_width(52), var = static_cast<int64_t>(magnitude(rng.any_width(52)));
    const int e_y = static_cast<int>(rng.range(-24, 4));
    const Moments m = running_moments(mean, var, e_y);
    const long double limit = std::ldexp(1.0L, 62);
    // mean 2^-32 in units of 2^(e_y - 16), var 2^-32 in units of 2^(2 e_y - 16); nothing but a rounding and the limit 2^62.
    ASSERT_EQ(m.mean_q16, std::min(limit, std::max(-limit, intrain::test::round_pow2(mean, -16 - e_y))));
    ASSERT_EQ(m.var_q16, std::min(limit, intrain::test::round_pow2(var, -16 - 2 * e_y)));
  }
}

}  // namespace
}  // namespace intrain::ops
