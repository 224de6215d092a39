#include "optim/gradient_sum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/parallel.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

// One parameter whose gradient is set batch by batch.
struct GradientSumTest : testing::Test {
  void add(std::vector<int64_t> gradient, int exp) {
    parameter.shape = {static_cast<int>(gradient.size())};
    parameter.grad = gradient;
    parameter.grad_exp = exp;
    sum.add(parameter, pool);
  }
  // The sum and its exponent.
  std::pair<std::vector<int64_t>, int> take() {
    std::pair<std::vector<int64_t>, int> result;
    sum.take(parameter, [&](Parameter& p) { result = {{p.grad.begin(), p.grad.end()}, p.grad_exp}; });
    return result;
  }
  using Result = std::pair<std::vector<int64_t>, int>;

  ThreadPool pool{2};
  Parameter parameter;
  GradientSum sum;
};

TEST_F(GradientSumTest, OneBatchStaysAsItIs) {
  add({5, -7, 0}, -20);
  EXPECT_EQ(take(), Result({5, -7, 0}, -20));
}

TEST_F(GradientSumTest, IsExactAtTheSmallerExponent) {
  add({5, -7, 0}, -20);
  add({1, 2, 3}, -18);
  add({1, 1, 1}, -22);
  EXPECT_EQ(take(), Result({4 * (5 + 4) + 1, 4 * (-7 + 8) + 1, 4 * 12 + 1}, -22));
  add({9}, -3);  // empty again
  EXPECT_EQ(take(), Result({9}, -3));
}

// Of what is added it is taken, and of the sum nothing is known.
TEST_F(GradientSumTest, MaximaOfGradientsAreThoseOfTheSumNoMore) {
  add({5, -7, 0}, 0);
  parameter.grad_max = uint64_t{1} << 61;  // it is not looked for: the sum goes to exponent 1
  add({1, 2, 3}, 0);
  sum.take(parameter, [&](Parameter& p) {
    EXPECT_FALSE(p.grad_max);
    EXPECT_EQ(p.grad_exp, 1);
  });
}

// In s32 as in s64; the sum has 64 bits.
TEST_F(GradientSumTest, NarrowGradientsAddUp) {
  std::vector<int32_t> narrow = {1 << 30, -(1 << 30), 7};
  parameter.shape = {3};
  parameter.grad32 = narrow;
  parameter.grad_exp = -20;
  for (int i = 0; i < 4; ++i) sum.add(parameter, pool);
  EXPECT_EQ(take(), Result({int64_t{1} << 32, -(int64_t{1} << 32), 28}, -20));
  EXPECT_EQ(parameter.grad32.data(), narrow.data());
  EXPECT_TRUE(parameter.grad.empty());
}

TEST_F(GradientSumTest, RoundsWhatDoesNotFit) {
  const int64_t large = int64_t{1} << 60;
  add({large, 1}, 0);  // at most 2^61 from exponent 0 on: 61 bits
  add({6, 6}, -2);     // 1.5, to even
  EXPECT_EQ(take(), Result({large + 2, 1 + 2}, 0));
  add({int64_t{1} << 62, 0}, 0);  // 63 bits: at exponent 2
  add({4, 8}, 0);
  EXPECT_EQ(take(), Result({large + 1, 2}, 2));
}

TEST_F(GradientSumTest, ManyOfTheLargestStayWithinBounds) {
  for (int i = 0; i < 100; ++i) add({int64_t{1} << 62, -(int64_t{1} << 62)}, 0);
  const auto [values, exp] = take();
  EXPECT_LE(values[0], int64_t{1} << 62);
  EXPECT_EQ(values[1], -values[0]);
  EXPECT_NEAR(std::ldexp(static_cast<double>(values[0]), exp), std::ldexp(100.0, 62), std::ldexp(1.0, 20));
}

// More than a thread's chunk.
TEST_F(GradientSumTest, LongTensorsAddUp) {
  std::vector<int64_t> a(50001), b(50001), expected(50001);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<int64_t>(i * 7919) - 100000;
    b[i] = static_cast<int64_t>(i * i) - 5;
    expected[i] = a[i] + 8 * b[i];
  }
  add(a, -9);
  add(b, -6);
  EXPECT_EQ(take(), Result(expected, -9));
}

TEST_F(GradientSumTest, WhatIsNotThereIsRefused) {
  test::expect_error([&] { take(); }, "no sum of gradients", "");
  add({1, 2}, -20);
  test::expect_error([&] { add({1, 2, 3}, -20); }, "no sum of gradients", "");
  parameter.grad = {};
  test::expect_error([&] { sum.add(parameter, pool); }, "has no gradient", "");
}

}  // namespace
}  // namespace intrain
