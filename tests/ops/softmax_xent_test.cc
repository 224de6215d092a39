// Softmax cross-entropy and its integer exponential against float64.
#include "ops/softmax_xent/softmax_xent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rounding.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

TEST(Exp2Neg, ByHand) {
  EXPECT_EQ(exp2_neg(0), uint64_t{1} << 32);
  EXPECT_EQ(exp2_neg(1 << 16), uint64_t{1} << 31);
  EXPECT_EQ(exp2_neg(1 << 15), 3037000500u);  // 2^32 / sqrt 2 = 3037000499.98
  EXPECT_EQ(exp2_neg(uint64_t{31} << 16), 2u);
  EXPECT_EQ(exp2_neg((uint64_t{32} << 16) - 1), 1u);
  EXPECT_EQ(exp2_neg(uint64_t{32} << 16), 0u);
  EXPECT_EQ(exp2_neg(uint64_t{1} << 62), 0u);
}

// Every fraction there is: the stated relative error, 16 * 2^-32. With an integer part the last shift adds half a unit.
TEST(Exp2Neg, EveryFractionIsWithinItsBound) {
  double worst = 0;
  uint64_t last = UINT64_MAX;
  for (uint64_t f = 0; f < 1 << 16; ++f) {
    const uint64_t u = exp2_neg(f);
    const long double exact = std::exp2(32 - static_cast<long double>(f) / 65536);
    worst = std::max(worst, static_cast<double>(std::fabs(u - exact) / exact));
    ASSERT_LT(u, last) << f;
    last = u;
    for (uint64_t whole : {1u, 7u, 20u, 31u})
      ASSERT_LE(std::fabs(exp2_neg((whole << 16) + f) - std::ldexp(exact, -static_cast<int>(whole))),
                0.5L + std::ldexp(exact, -static_cast<int>(whole)) * 16 / 4294967296.0L);
  }
  EXPECT_LT(worst, 16 / 4294967296.0);
}

TEST(SoftmaxXent, Exponent) {
  EXPECT_EQ(softmax_xent_exp(1), -30);
  EXPECT_EQ(softmax_xent_exp(128), -37);
  EXPECT_EQ(softmax_xent_exp(100), -36);
}

// Equal logits, 4 classes, batch 2: p = 1/4; err = (p - onehot) / 2 with exponent -31: 2^28 = 1/4 2^30, and 2^28 - 2^30 at the
// label.
TEST(SoftmaxXent, ByHand) {
  const int32_t logits[] = {5, 5, 5, 5};
  int32_t err[4];
  EXPECT_EQ(softmax_xent_reference(logits, 4, -3, 2, 2, 0, err), 3u << 28);
  EXPECT_EQ(std::vector<int32_t>(err, err + 4), (std::vector<int32_t>{1 << 28, 1 << 28, -(3 << 28), 1 << 28}));
  // Smoothing 1/2: targets of 1/8, and 5/8 at the label.
  EXPECT_EQ(softmax_xent_reference(logits, 4, -3, 2, 2, 1 << 29, err), 3u << 27);
  EXPECT_EQ(std::vector<int32_t>(err, err + 4), (std::vector<int32_t>{1 << 27, 1 << 27, -(3 << 27), 1 << 27}));
  // Two classes ln 2 apart would be 2/3 and 1/3; at exponent -20, ln 2 is 726817 units.
  const int32_t apart[] = {0, 726817};
  softmax_xent_reference(apart, 2, -20, 0, 1, 0, err);
  EXPECT_NEAR(std::ldexp(err[0], -30), -2.0 / 3, 3e-6);
  EXPECT_NEAR(std::ldexp(err[1], -30), 2.0 / 3, 3e-6);
}

// The same row, of class 2 and of class 0 with a quarter: targets of 3/4 and 1/4.
TEST(SoftmaxXent, OfTwoLabelsByHand) {
  const int32_t logits[] = {5, 5, 5, 5};
  int32_t err[4];
  const auto got = [&] { return std::vector<int32_t>(err, err + 4); };
  EXPECT_EQ(softmax_xent_mixed_reference(logits, 4, -3, 2, 0, 64, 2, 0, err), 1u << 29);
  EXPECT_EQ(got(), (std::vector<int32_t>{0, 1 << 28, -(1 << 29), 1 << 28}));
  // Smoothing 1/2: 1/8 each, and of the other half 3/4 and 1/4.
  EXPECT_EQ(softmax_xent_mixed_reference(logits, 4, -3, 2, 0, 64, 2, 1 << 29, err), 1u << 28);
  EXPECT_EQ(got(), (std::vector<int32_t>{0, 1 << 27, -(1 << 28), 1 << 27}));
  // What does not divide stays at the label: of rest = 2^30 - 3 floor(2^29 / 3) the other has floor(rest / 256).
  const int32_t three[] = {7, 7, 7};
  softmax_xent_mixed_reference(three, 3, -3, 1, 2, 1, 1, 1 << 29, err);
  const int64_t low = (1 << 29) / 3, rest = (1 << 30) - 3 * low, p = 357913941;
  EXPECT_EQ(std::vector<int32_t>(err, err + 3),
            (std::vector<int32_t>{static_cast<int32_t>(p - low), static_cast<int32_t>(p - low - (rest - rest / 256)),
                                  static_cast<int32_t>(p - low - rest / 256)}));
}

// Of one label twice, of nothing or all of the other: a row of one label.
TEST(SoftmaxXent, OfTwoLabelsThatAreOne) {
  Rng rng(3);
  for (const int64_t smoothing : {int64_t{0}, int64_t{1} << 27, int64_t{123456789}}) {
    const auto logits = random_vector<int32_t>(rng, Fill::kUniform, 10, -5000, 5000);
    std::vector<int32_t> one(10), two(10);
    const auto expect_same = [&](int label, int other, int share, int as) {
      const uint32_t max = softmax_xent_reference(logits.data(), 10, -10, as, 100, smoothing, one.data());
      EXPECT_EQ(softmax_xent_mixed_reference(logits.data(), 10, -10, label, other, share, 100, smoothing, two.data()), max);
      EXPECT_EQ(two, one);
    };
    expect_same(3, 7, 0, 3);
    expect_same(3, 7, 256, 7);
    for (const int share : {1, 100, 255}) expect_same(3, 3, share, 3);
  }
}

// Each u has a relative error r <= ln 2 (2^-17 + 2^-26) + 2^-28: t rounded to 16 bits, log2(e) to 30 (d log2 e < 32 where it
// counts: 32 * 2^-31), the product of roots; and an absolute one of 1 at most (rounded; cut off from 2^-32 on). The largest u is
// 2^32, so the sum is at least that:
//   |p - p*| <= 2.01 r p* + (1 + classes) 2^-32, in units of 2^-30: 2^30 times that, and 1/2 for the division.
//   err = (p - target) 2^K / batch, rounded: 1/2 more; 2^K / batch <= 1. Where s / classes is no multiple of 2^-30 the target is off by
//   less than 1 of these units, and by less than classes at the label.
void check_row(const std::vector<int32_t>& logits, int exp, int label, int64_t batch, double smoothing = 0) {
  const int classes = static_cast<int>(logits.size());
  std::vector<int32_t> err(logits.size());
  const uint32_t max =
      softmax_xent_reference(logits.data(), classes, exp, label, batch, std::llrint(std::ldexp(smoothing, 30)), err.data());
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (int32_t x : logits) sum += std::exp(std::ldexp(x - top, exp));
  const double unit = std::ldexp(1.0, 30),
               relative = std::log(2.0) * (std::ldexp(1.0, -17) + std::ldexp(1.0, -26)) + std::ldexp(1.0, -28);
  const int log2 = -30 - softmax_xent_exp(batch);
  const double share = std::ldexp(1.0, log2) / static_cast<double>(batch);
  int64_t total = 0;
  uint32_t largest = 0;
  for (int c = 0; c < classes; ++c) {
    const double p = std::exp(std::ldexp(logits[static_cast<size_t>(c)] - top, exp)) / sum;
    const double target = smoothing / classes + (c == label ? 1 - smoothing : 0);
    const double expected = (p - target) * unit * share;
    const double off = smoothing == 0 ? 0 : c == label ? classes : 1;
    const double bound = (unit * (2.01 * relative * p + (1.0 + classes) / 4294967296.0) + 0.5 + off) * share + 0.5;
    const int32_t e = err[static_cast<size_t>(c)];
    ASSERT_LE(std::fabs(e - expected), bound) << "class " << c << " of " << classes << ", exp " << exp << ", batch " << batch;
    ASSERT_LE(magnitude(e), uint64_t{1} << 30);
    total += e;
    largest = std::max(largest, static_cast<uint32_t>(magnitude(e)));
  }
  ASSERT_EQ(max, largest);
  ASSERT_LE(magnitude(total), static_cast<uint64_t>(classes));  // the sum over a row is 0 but for two roundings of 1/2 an element
}

TEST(SoftmaxXent, IsWithinItsBoundOfFloat) {
  Rng rng(1);
  for (int classes : {1, 2, 3, 10, 100, 1000})
    for (int exp : {-30, -24, -20, -16, -12, -8, -3, 0, 10})
      for (int64_t batch : {1, 2, 3, 100, 128, 1000}) {
        const int width = static_cast<int>(std::clamp<int64_t>(-exp + rng.range(-2, 6), 1, 31));
        const int64_t limit = (int64_t{1} << width) - 1;
        const auto logits = random_vector<int32_t>(rng, Fill::kUniform, classes, -limit, limit);
        for (const double smoothing : {0.0, 0.1, 1.0})
          check_row(logits, exp, static_cast<int>(rng.range(0, classes - 1)), batch, smoothing);
        if (HasFatalFailure()) return;
      }
}

TEST(SoftmaxXent, ExtremeLogits) {
  for (int exp : {-60, -44, -31, -20, -10, 0, 14, 50})
    for (Fill fill : intrain::test::kAllFills) {
      Rng rng(2);
      check_row(random_vector<int32_t>(rng, fill, 17, -INT32_MAX, INT32_MAX), exp, 3, 64);
    }
  check_row({INT32_MAX, -INT32_MAX}, 0, 0, 1);  // p = 1 and 0: no error for the right label
  check_row({INT32_MAX, -INT32_MAX}, 0, 1, 1);
  int32_t err[2];
  const int32_t logits[] = {INT32_MAX, -INT32_MAX};
  EXPECT_EQ(softmax_xent_reference(logits, 2, 0, 0, 1, 0, err), 0u);
  EXPECT_EQ(softmax_xent_reference(logits, 2, 0, 1, 1, 0, err), 1u << 30);
}

TEST(Logits, ByHand) {
  int32_t acc[] = {1, INT32_MAX, -INT32_MAX, -5};
  const int32_t bias[] = {3, 1, -2, INT32_MIN + 1};
  logits_reference(acc, bias, 1, 4);
  EXPECT_EQ(std::vector<int32_t>(acc, acc + 4), (std::vector<int32_t>{4, INT32_MAX, -INT32_MAX, -INT32_MAX}));
  int32_t rows[] = {1, 2, 3, 4, 5, 6};
  logits_reference(rows, bias, 3, 2);
  EXPECT_EQ(std::vector<int32_t>(rows, rows + 6), (std::vector<int32_t>{4, 3, 6, 5, 8, 7}));
}

}  // namespace
}  // namespace intrain::ops
