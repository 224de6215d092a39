// The exponential average of W: by hand, between its two numbers, and right on average.
#include "ops/weight_average/weight_average.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "support/rng.h"

namespace intrain::ops {
namespace {

std::vector<int32_t> averaged(const std::vector<int32_t>& master, std::vector<int32_t> average, int shift, uint32_t step = 0) {
  weight_average_reference({master.data(), average.data(), shift, 1, 2, step, 0, static_cast<int64_t>(master.size())});
  return average;
}

// Differences that 2^4 divides are exact, whatever the random bits; shift 0 is W itself.
TEST(WeightAverage, ByHand) {
  const std::vector<int32_t> w = {160, -160, 16, INT32_MAX, -INT32_MAX}, average = {0, 0, 32, INT32_MAX, INT32_MAX - 14};
  EXPECT_EQ(averaged(w, average, 4), (std::vector<int32_t>{10, -10, 31, INT32_MAX, INT32_MAX - 14 - 268435455}));
  EXPECT_EQ(averaged(w, average, 0), w);
}

// As many steps as it takes to know the W before them no more: 0, 1, 1, 2, 2, 2, 2, 3 ...
TEST(WeightAverage, ForgetsWhatItBeganWith) {
  const int expected[] = {0, 1, 1, 2, 2, 2, 2, 3, 3};
  for (int64_t step = 0; step < 9; ++step) EXPECT_EQ(average_shift(16, step), expected[step]) << step;
  EXPECT_EQ(average_shift(10, 1022), 9);
  EXPECT_EQ(average_shift(10, 1023), 10);
  EXPECT_EQ(average_shift(10, int64_t{1} << 40), 10);
}

TEST(WeightAverage, LiesBetweenItsNumbers) {
  test::Rng rng(3);
  for (int shift = 0; shift <= kMostAverageShift; ++shift) {
    std::vector<int32_t> w(101), average(101);
    for (size_t i = 0; i < w.size(); ++i)
      w[i] = static_cast<int32_t>(rng.any_width(31)), average[i] = static_cast<int32_t>(rng.any_width(31));
    const std::vector<int32_t> next = averaged(w, average, shift);
    for (size_t i = 0; i < w.size(); ++i) {
      EXPECT_GE(next[i], std::min(w[i], average[i]));
      EXPECT_LE(next[i], std::max(w[i], average[i]));
      const double exact = average[i] + std::ldexp(static_cast<double>(w[i]) - average[i], -shift);
      EXPECT_LT(std::fabs(next[i] - exact), 1) << "a stochastic rounding";
    }
  }
}

// A W that stays where it is, 100 beyond an average of shift 10: nearest rounding would never move it. After 2048 steps a share of (1 - 2^-10)^2048
// of the distance is left, of the mean of many within 5 deviations: each rounding has at most 1/2, of which (1 - 2^-10)^2 a step is forgotten.
TEST(WeightAverage, FollowsFloatOnAverage) {
  constexpr int kCount = 400, kSteps = 2048;
  const std::vector<int32_t> w(kCount, 100);
  std::vector<int32_t> average(kCount, 0);
  for (uint32_t step = 0; step < kSteps; ++step) average = averaged(w, average, 10, step);
  double mean = 0;
  for (const int32_t a : average) mean += static_cast<double>(a) / kCount;
  const double left = 100 * std::pow(1 - 1.0 / 1024, kSteps), deviation = 0.5 * std::sqrt(512.0) / std::sqrt(kCount);
  EXPECT_NEAR(mean, 100 - left, 5 * deviation);
  EXPECT_GT(mean, 50) << "the bound says something";
}

TEST(WeightAverage, OfStatisticsIsToNearest) {
  const int64_t now[] = {100, 7, -7, int64_t{1} << 52};
  int64_t average[] = {0, 0, 0, -(int64_t{1} << 52)};
  statistics_average_reference(now, 4, 1, average);
  EXPECT_EQ(average[0], 50);
  EXPECT_EQ(average[1], 4) << "3.5, to even";
  EXPECT_EQ(average[2], -4);
  EXPECT_EQ(average[3], 0);
}

// The bound beside the code: 2^15 units with the largest shift, one more is followed.
TEST(WeightAverage, OfStatisticsStaysWithinAHalf) {
  const int64_t now[] = {1 << 15, -(1 << 15), (1 << 15) + 1, -(1 << 15) - 1};
  int64_t average[] = {0, 0, 0, 0};
  statistics_average_reference(now, 4, kMostAverageShift, average);
  const int64_t expected[] = {0, 0, 1, -1};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(average[i], expected[i]) << i;
}

}  // namespace
}  // namespace intrain::ops
