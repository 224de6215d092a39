// Batch normalization forward, from y to x_hat, against float64.
#include "ops/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::clip;
using intrain::test::Fill;
using intrain::test::Int128;
using intrain::test::random_vector;
using intrain::test::Rng;

// Two channels, rows (1, 100), (2, -100), (4, 100): sums 7 and 100, squares 21 and 30000, added to what is there.
TEST(BatchNormSums, ByHand) {
  const int16_t y[] = {1, 100, 2, -100, 4, 100};
  int64_t s1[] = {0, 1000}, s2[] = {0, 5};
  batch_norm_sums_reference({y, 3, 2, s1, s2});
  EXPECT_EQ(s1[0], 7);
  EXPECT_EQ(s2[0], 21);
  EXPECT_EQ(s1[1], 1100);
  EXPECT_EQ(s2[1], 30005);
}

// mult 3, offset 2, shift 2: (3 * 2 + 2) / 4 = 2; (3 * -4 + 2) / 4 = -2.5 -> -2; (3 * 4 + 2) / 4 = 3.5 -> 4; (3 * 1000 + 2) / 4
// -> 127.
TEST(Normalize, ByHand) {
  const int16_t y[] = {2, -4, 4, 1000, -1000};
  const int32_t mult[] = {3}, offset[] = {2}, shift[] = {2};
  int8_t x[5];
  batch_norm_normalize_reference({y, 5, 1, mult, offset, shift, x});
  EXPECT_EQ(std::vector<int>(x, x + 5), (std::vector<int>{2, -2, 4, 127, -127}));
}

TEST(Normalize, IsTheRoundedAffineMap) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int channels : {1, 5, 24}) {
      Rng rng(seed++);
      const auto y = random_vector<int16_t>(rng, fill, 200 * channels, -kS16Max, kS16Max);
      std::vector<int32_t> mult, offset, shift;
      for (int c = 0; c < channels; ++c) {
        const int length = static_cast<int>(rng.range(9, 32));
        const Affine a = batch_norm_affine(
            rng.any_width(31), static_cast<uint32_t>(rng.range(int64_t{1} << (length - 1), (int64_t{1} << length) - 1)));
        mult.push_back(a.mult), offset.push_back(a.offset), shift.push_back(a.shift);
      }
      std::vector<int8_t> x(y.size());
      batch_norm_normalize_reference({y.data(), 200, channels, mult.data(), offset.data(), shift.data(), x.data()});
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t c = i % static_cast<size_t>(channels);
        const double sum = static_cast<double>(y[i]) * mult[c] + offset[c];
        ASSERT_LT(std::fabs(sum) + std::ldexp(1.0, shift[c] - 1), std::ldexp(1.0, 31));  // fits s32 with the rounding term
        ASSERT_EQ(x[i], clip(std::nearbyint(std::ldexp(sum, -shift[c])), -kS8Max, kS8Max));
      }
    }
}

// One channel from y to x_hat. The result lies within `bound` of 16 (y - mean) / sqrt(var + epsilon), clipped, where with
// V = (var + epsilon) 2^16 exactly and M = sigma_q16:
//   M / 2^16 lies between sqrt(max(V - 1, 1) 2^-16) - 2^-16 and sqrt((V + 3) 2^-16)   (moments: within (-1, 3) units; root:
//   floor) mult / 2^shift is 16 / (M / 2^16) within a factor 1 +- 2^-14 the mean is at most 2^-16 low: 16 / M at the result; its
//   product with mult is rounded: half of 2^-shift the result is rounded: 1/2
// For |z| > 127 both are clipped, and by monotonicity the error is no larger than at 127.
void check_channel(const std::vector<int16_t>& y, int e_y, const char* what) {
  const int64_t n = static_cast<int64_t>(y.size());
  int64_t s1 = 0, s2 = 0;
  batch_norm_sums_reference({y.data(), n, 1, &s1, &s2});
  const Moments m = batch_norm_moments(s1, s2, n);
  const uint32_t sigma = batch_norm_sigma(m.var_q16, e_y);
  const Affine a = batch_norm_affine(m.mean_q16, sigma);
  std::vector<int8_t> x(y.size());
  batch_norm_normalize_reference({y.data(), n, 1, &a.mult, &a.offset, &a.shift, x.data()});

  const long double mean = static_cast<long double>(s1) / n;
  long double squares = 0;
  for (int16_t v : y) squares += (v - mean) * (v - mean);
  const long double epsilon = std::ldexp(1.0L, std::clamp(-17 - 2 * e_y, -16, 28));
  const long double v = (squares / n + epsilon) * 65536, root = std::sqrt(v / 65536);
  const long double low = std::sqrt(std::max(v - 1, 1.0L) / 65536) - 1.0L / 65536, high = std::sqrt((v + 3) / 65536);
  const long double relative = std::max(root / low - 1, 1 - root / high) * (1 + std::ldexp(1.0L, -14)) + std::ldexp(1.0L, -14);
  for (size_t i = 0; i < y.size(); ++i) {
    const long double z = std::clamp(16 * (y[i] - mean) / root, -127.0L, 127.0L);
    const long double bound = 0.5L + std::fabs(z) * relative + 16.01L / sigma + std::ldexp(0.5L, -a.shift) + 1e-9L;
    ASSERT_LE(std::fabs(x[i] - z), bound) << what << ", y " << y[i] << ", mean " << mean << ", sigma " << root << ", e_y " << e_y;
  }
}

// As many elements a channel as a batch may have, over all ranks, and the largest sums of them: s64 holds what 128 bits say.
TEST(BatchNorm, MomentsOfTheLargestBatch) {
  constexpr int64_t kN = int64_t{1} << kMaxCountLog2;
  // `high` elements are a, the others b.
  const auto check = [](int64_t a, int64_t b, int64_t high) {
    const int64_t low = kN - high, s1 = high * a + low * b, s2 = high * a * a + low * b * b;
    const Int128 mean = (Int128{s1} * 65536 - (((Int128{s1} * 65536) % kN + kN) % kN)) / kN;
    const int64_t q = div_floor(s1, kN);
    const Int128 d2 = Int128{high} * (a - q) * (a - q) + Int128{low} * (b - q) * (b - q);
    const int64_t f = static_cast<int64_t>(mean) - q * 65536;
    const Int128 var = d2 * 65536 / kN - ((f * f) >> 16);
    const Moments m = batch_norm_moments(s1, s2, kN);
    EXPECT_EQ(m.mean_q16, static_cast<int64_t>(mean)) << a << " " << b << " " << high;
    EXPECT_EQ(m.var_q16, static_cast<int64_t>(std::max<Int128>(var, 0))) << a << " " << b << " " << high;
  };
  for (const int64_t a : {-kS16Max, -1, 0, 1, kS16Max})
    for (const int64_t b : {-kS16Max, -2, 0, 3, kS16Max})
      for (const int64_t high : {int64_t{0}, int64_t{1}, kN / 3, kN / 2, kN - 1, kN}) check(a, b, high);
}

TEST(BatchNorm, CoefficientsOfTheLargestBatch) {
  constexpr int64_t kN = int64_t{1} << kMaxCountLog2;
  const auto rounded = [](Int128 a, Int128 b) {  // half to even
    Int128 quotient = a / b, rest = a % b;
    if (rest < 0) rest += b, --quotient;
    return static_cast<int64_t>(quotient + (2 * rest > b || (2 * rest == b && quotient % 2 != 0) ? 1 : 0));
  };
  Rng rng(7);
  const int64_t most_e = kN * kS16Max, most_ex = most_e * kS8Max;
  for (const int64_t kappa : {int64_t{2047}, int64_t{-2047}, int64_t{1}, int64_t{1000}})
    for (int i = 0; i < 20; ++i) {
      const int64_t sum_e = i < 2 ? (i == 0 ? most_e : -most_e) : rng.range(-most_e, most_e);
      const int64_t sum_ex = i < 4 ? (i % 2 == 0 ? most_ex : -most_ex) : rng.range(-most_ex, most_ex) >> (2 * i);
      const BackwardCoefficients v = batch_norm_coefficients(kappa, 0, sum_e, sum_ex, kN);
      EXPECT_EQ(v.k, kappa);
      EXPECT_EQ(v.a, -rounded(Int128{kappa} * sum_e, kN));
      EXPECT_EQ(v.b, clamp(-rounded(Int128{kappa} * sum_ex, Int128{kN} << 16), -kS16Max, kS16Max));
    }
}

TEST(BatchNorm, IsWithinItsBoundOfFloat) {
  Rng rng(1);
  for (int e_y : {-24, -18, -14, -12, -10, -8, -5, -2, 0, 4})
    for (int n : {1, 2, 3, 64, 1000, 4099})
      for (int width : {1, 4, 8, 12, 15}) {
        const int64_t limit = (int64_t{1} << width) - 1, centre = rng.range(limit - kS16Max, kS16Max - limit);
        std::vector<int16_t> y(static_cast<size_t>(n)), bell(y.size());
        for (size_t i = 0; i < y.size(); ++i) {
          y[i] = static_cast<int16_t>(centre + rng.range(-limit, limit));
          int64_t sum = 0;
          for (int j = 0; j < 8; ++j) sum += rng.range(-limit, limit);
          bell[i] = static_cast<int16_t>(centre + sum / 8);
        }
        check_channel(y, e_y, "uniform");
        check_channel(bell, e_y, "bell");
        if (HasFatalFailure()) return;
      }
}

TEST(BatchNorm, ExtremeChannels) {
  for (int e_y : {-20, -12, -6, 0, 3}) {
    const std::vector<int16_t> high(1000, kS16Max), low(1000, -kS16Max), none(1000, 0);
    check_channel(high, e_y, "all 32767");
    check_channel(low, e_y, "all -32767");
    check_channel(none, e_y, "all 0");
    std::vector<int16_t> ends(1000), off_by_one(1000, 30000), outlier(4001, 7), low_outlier(60000, kS16Max);
    for (size_t i = 0; i < ends.size(); ++i) ends[i] = static_cast<int16_t>(i % 2 ? kS16Max : -kS16Max);
    for (size_t i = 0; i < off_by_one.size(); i += 3) ++off_by_one[i];
    outlier[5] = kS16Max;
    low_outlier[9] = -kS16Max;
    check_channel(ends, e_y, "both ends");
    check_channel(off_by_one, e_y, "mean far above sigma");
    check_channel(outlier, e_y, "one outlier");
    check_channel(low_outlier, e_y, "one outlier below");
    if (HasFatalFailure()) return;
  }
}

TEST(BatchNorm, ConstantChannelIsZero) {
  for (int16_t value : {0, 1, -1, 777, kS16Max, -kS16Max})
    for (int e_y : {-30, -12, 0, 20}) {
      const std::vector<int16_t> y(33, value);
      int64_t s1 = 0, s2 = 0;
      batch_norm_sums_reference({y.data(), 33, 1, &s1, &s2});
      const Moments m = batch_norm_moments(s1, s2, 33);
      const Affine a = batch_norm_affine(m.mean_q16, batch_norm_sigma(m.var_q16, e_y));
      std::vector<int8_t> x(33, 1);
      batch_norm_normalize_reference({y.data(), 33, 1, &a.mult, &a.offset, &a.shift, x.data()});
      for (int8_t v : x) ASSERT_EQ(v, 0) << value << " " << e_y;
    }
}

// Evaluation takes the running moments through the same path: after a moment has been learnt, x_hat is what training gives,
// within the five units (2^-32 of real value) at which the average stalls.
TEST(BatchNorm, EvaluationAgreesWithTraining) {
  Rng rng(7);
  const int e_y = -12;
  std::vector<int16_t> y(5000);
  for (int16_t& v : y) v = static_cast<int16_t>(900 + rng.range(-3000, 3000));
  int64_t s1 = 0, s2 = 0;
  batch_norm_sums_reference({y.data(), 5000, 1, &s1, &s2});
  const Moments m = batch_norm_moments(s1, s2, 5000);
  int64_t mean = 0, var = int64_t{1} << 32;
  for (int i = 0; i < 400; ++i) {
    mean = running_update(mean, m.mean_q16, e_y);
    var = running_update(var, m.var_q16, 2 * e_y);
  }
  const Moments back = running_moments(mean, var, e_y);
  EXPECT_LE(magnitude(back.mean_q16 - m.mean_q16), 1u);
  EXPECT_NEAR(static_cast<double>(back.var_q16) / static_cast<double>(m.var_q16), 1, 1e-6);
}

}  // namespace
}  // namespace intrain::ops
