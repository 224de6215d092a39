// Stored parameters to what the operators use.
#include "ops/quantize/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/error/error.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::clip;
using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// As layers do. Returns t.
int quantize_weights(const int32_t* master, int64_t count, int8_t* dst) {
  const int t = quantize_shift(max_abs_reference({master, count}), 8);
  quantize_fixed_reference({master, count, t, dst});
  return t;
}

// max 1000: t = 3. 1000 / 8 = 125, -20 / 8 = -2.5 -> -2, 4 / 8 -> 0, 12 / 8 = 1.5 -> 2.
TEST(QuantizeWeights, ByHand) {
  const int32_t master[] = {1000, -20, 4, 12};
  int8_t w[4];
  EXPECT_EQ(quantize_weights(master, 4, w), 3);
  EXPECT_EQ(std::vector<int>(w, w + 4), (std::vector<int>{125, -2, 0, 2}));
  const int32_t zeros[] = {0, 0};
  EXPECT_EQ(quantize_weights(zeros, 2, w), 0);
  EXPECT_EQ(w[0], 0);
}

// Within half a step of 2^(t - 24) in real value, or one at the clamp; the largest takes at least 6 bits of magnitude.
TEST(QuantizeWeights, IsWithinHalfAStepOfFloat) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int width : {3, 8, 15, 24, 31}) {
      Rng rng(seed++);
      const int64_t limit = (int64_t{1} << width) - 1;
      const auto master = random_vector<int32_t>(rng, fill, 500, -limit, limit);
      std::vector<int8_t> w(500);
      const int t = quantize_weights(master.data(), 500, w.data());
      int largest = 0;
      for (size_t i = 0; i < 500; ++i) {
        const double real = std::ldexp(master[i], kMasterExp), got = std::ldexp(w[i], kMasterExp + t);
        ASSERT_LE(std::fabs(got - real), std::ldexp(std::abs(w[i]) == 127 ? 1 : 0.5, kMasterExp + t));
        largest = std::max(largest, std::abs(static_cast<int>(w[i])));
      }
      if (t > 0) {
        ASSERT_GE(largest, 64);
      }
    }
}

// gamma 1.0 = 2^24 at shift 18: 64. 1.5 steps -> 2, 2.5 -> 2; beyond 127 clamped.
TEST(QuantizeFixed, ByHandAndFloat) {
  const int32_t master[] = {1 << 24, 3 << 17, 5 << 17, INT32_MAX, -INT32_MAX};
  int8_t w[5];
  quantize_fixed_reference({master, 5, kGammaExp - kMasterExp, w});
  EXPECT_EQ(std::vector<int>(w, w + 5), (std::vector<int>{64, 2, 2, 127, -127}));
  Rng rng(3);
  const auto many = random_vector<int32_t>(rng, Fill::kUniform, 2000, -(1 << 26), 1 << 26);
  std::vector<int8_t> got(2000);
  quantize_fixed_reference({many.data(), 2000, 18, got.data()});
  for (size_t i = 0; i < 2000; ++i) ASSERT_EQ(got[i], clip(std::nearbyint(std::ldexp(many[i], -18)), -127, 127));
}

TEST(RescaleBias, IsFloat64) {
  Rng rng(4);
  for (int exp = -60; exp <= 10; ++exp) {
    std::vector<int32_t> master;
    for (int i = 0; i < 200; ++i) master.push_back(static_cast<int32_t>(rng.any_width(31)));
    master[0] = INT32_MAX, master[1] = -INT32_MAX, master[2] = 0;
    std::vector<int32_t> dst(200);
    rescale_bias_reference(master.data(), 200, exp, dst.data());
    for (size_t i = 0; i < 200; ++i)
      ASSERT_EQ(dst[i], clip(std::nearbyint(std::ldexp(master[i], kMasterExp - exp)), -INT32_MAX, INT32_MAX)) << exp;
  }
}

TEST(L1Norms, ByHand) {
  const int8_t w[] = {1, -2, 3, -127, 127, 0};
  int64_t l1[2];
  l1_norms_reference({w, 2, 3, l1});
  EXPECT_EQ(l1[0], 6);
  EXPECT_EQ(l1[1], 254);
  const std::vector<int8_t> full(66000, -127);
  l1_norms_reference({full.data(), 1, 66000, l1});
  EXPECT_EQ(l1[0], 66000 * 127);
}

// 1000 has 10 bits; the fixed grid is 2^17 of 2^-24; both are kept in the range.
TEST(WeightShift, ByHand) {
  Widths widths;
  EXPECT_EQ(weight_shift(1000, widths), 3);
  EXPECT_EQ(weight_shift(0, widths), 0);
  EXPECT_EQ(weight_shift(INT32_MAX, widths), 24);
  EXPECT_EQ(weight_shift(1000, widths, 4, 21), 4);
  EXPECT_EQ(weight_shift(INT32_MAX, widths, 4, 21), 21);
  widths.fixed_w = true;
  EXPECT_EQ(weight_shift(1000, widths), 17);
  EXPECT_EQ(weight_shift(1000, widths, 0, 12), 12);
  EXPECT_EQ(weight_exp(17), -7);
  EXPECT_EQ(kGammaShift, 18);
}

// To the nearest multiple of 2^(8-bits) steps, clamped to the largest of them.
TEST(QuantizeStored, IsFloat64) {
  Rng rng(5);
  const auto master = random_vector<int32_t>(rng, Fill::kUniform, 1000, -INT32_MAX, INT32_MAX);
  std::vector<int8_t> dst(1000);
  for (int bits = 2; bits <= 8; ++bits)
    for (const int shift : {0, 18, 23, 24}) {
      quantize_stored_reference({master.data(), 1000, shift, dst.data()}, bits);
      const double grid = std::exp2(8 - bits), most = std::exp2(bits - 1) - 1;
      for (size_t i = 0; i < 1000; ++i)
        ASSERT_EQ(dst[i], grid * clip(std::nearbyint(std::ldexp(master[i], -shift) / grid), -most, most)) << bits << " " << shift;
    }
}

TEST(QuantizeWeightsWhole, ByHand) {
  const int32_t master[] = {1000, -20, 4, 12};
  int8_t w[4];
  Widths widths;
  EXPECT_EQ(quantize_weights_reference(master, 4, widths, 0, 24, w), 3);
  EXPECT_EQ(std::vector<int>(w, w + 4), (std::vector<int>{125, -2, 0, 2}));
  widths.w = 4;
  EXPECT_EQ(quantize_weights_reference(master, 4, widths, 0, 24, w), 3);
  EXPECT_EQ(std::vector<int>(w, w + 4), (std::vector<int>{112, 0, 0, 0})) << "multiples of 16, 7 of them at most";
  EXPECT_EQ(quantize_weights_reference(master, 4, widths, 0, 1, w), 1) << "kept below what it takes";
  EXPECT_EQ(w[0], 112);
}

}  // namespace
}  // namespace intrain::ops
