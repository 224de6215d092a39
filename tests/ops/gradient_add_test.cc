// Gradients of several batches added up.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rounding.h"
#include "ops/gradient_sum/gradient_sum.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Rng;

// The smaller exponent, unless a term would take more than 61 bits there: 2^60 has 61, 2^61 one more.
TEST(GradientSumExp, ByHand) {
  EXPECT_EQ(gradient_sum_exp(-20, 1000, -18, 1000), -20);
  EXPECT_EQ(gradient_sum_exp(-18, 1000, -20, 1000), -20);
  EXPECT_EQ(gradient_sum_exp(-20, uint64_t{1} << 60, -20, 1), -20);
  EXPECT_EQ(gradient_sum_exp(-20, uint64_t{1} << 61, -20, 1), -19);
  EXPECT_EQ(gradient_sum_exp(-20, 1, -18, uint64_t{1} << 60), -18);
  EXPECT_EQ(gradient_sum_exp(-20, 0, 100, 1), 40) << "1 has 1 bit: 100 + 1 - 61";
}

TEST(GradientAdd, ByHand) {
  int64_t sum[] = {5, -7, 6, 9};
  int64_t grad[] = {1, 2, -3, 4};
  gradient_add_reference({sum, grad, -20, -18, -20, 0, 2});
  EXPECT_EQ(sum[0], 9);
  EXPECT_EQ(sum[1], 1);
  gradient_add_reference({sum, grad, -20, -18, -18, 2, 4});  // 1.5 to even, 2.25
  EXPECT_EQ(sum[2], -1);
  EXPECT_EQ(sum[3], 6);
  int64_t ends[] = {3, -(int64_t{1} << 62), 1000};
  EXPECT_EQ(gradient_max_reference(ends, 0, 3), uint64_t{1} << 62);
  EXPECT_EQ(gradient_max_reference(ends, 0, 1), 3u);
  EXPECT_EQ(gradient_max_reference(ends, 1, 1), 0u);
}

// Within half a step for each term that had a finer exponent; at most 2^62.
TEST(GradientAdd, IsFloat64) {
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    const int width = static_cast<int>(rng.range(1, 62)), sum_exp = static_cast<int>(rng.range(-80, 0)),
              grad_exp = static_cast<int>(rng.range(-80, 0));
    std::vector<int64_t> sum, grad;
    for (int i = 0; i < 20; ++i) sum.push_back(rng.any_width(width)), grad.push_back(rng.any_width(63 - width / 2) / 2);
    const std::vector<int64_t> before = sum;
    const int exp = gradient_sum_exp(sum_exp, gradient_max_reference(sum.data(), 0, 20), grad_exp,
                                     gradient_max_reference(grad.data(), 0, 20));
    gradient_add_reference({sum.data(), grad.data(), sum_exp, grad_exp, exp, 0, 20});
    for (size_t i = 0; i < sum.size(); ++i) {
      const long double want = std::ldexp(static_cast<long double>(before[i]), sum_exp - exp) +
                               std::ldexp(static_cast<long double>(grad[i]), grad_exp - exp);
      ASSERT_LE(std::fabs(sum[i] - want), (sum_exp < exp ? 0.5L : 0) + (grad_exp < exp ? 0.5L : 0)) << round;
      ASSERT_LE(magnitude(sum[i]), uint64_t{1} << 62);
    }
  }
}

}  // namespace
}  // namespace intrain::ops
