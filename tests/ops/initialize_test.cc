// What parameters start from, against the words of the contract and float64.
#include "ops/initialize/initialize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "base/random.h"

namespace intrain::ops {
namespace {

constexpr int64_t kCount = 3000;

std::vector<int32_t> initialized(Initializer initializer, int64_t fan, int coarse = 0, int32_t most = INT32_MAX,
                                 uint32_t tensor = 3) {
  std::vector<int32_t> w(static_cast<size_t>(kCount), 77);
  initialize_reference({initializer, fan, 9, tensor, coarse, most, kCount, w.data()});
  return w;
}

// The sum of twelve halves of words, about 0.
double normal(const RandomStream& stream, uint64_t i) {
  double z = -6 * 65535.0;
  for (uint64_t j = 0; j < 6; ++j) z += (stream.bits(6 * i + j) & 0xFFFF) + (stream.bits(6 * i + j) >> 16);
  return z;
}

TEST(Initialize, NormalNumbersAreFloat64) {
  const RandomStream stream{9, RandomUse::kInit, 3, 0};
  for (const int64_t fan : {1, 9, 4608}) {
    const std::vector<int32_t> w = initialized(Initializer::kHeNormal, fan);
    const double deviation = std::floor(std::ldexp(std::sqrt(2.0 / static_cast<double>(fan)), 24));
    double squares = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      ASSERT_EQ(w[i], std::nearbyint(std::ldexp(normal(stream, i) * deviation, -16))) << i;
      squares += std::ldexp(w[i], -24) * std::ldexp(w[i], -24);
    }
    EXPECT_NEAR(std::sqrt(squares / kCount * static_cast<double>(fan) / 2), 1, 0.06);
  }
}

// Draw k is that of step k.
TEST(Initialize, TruncatedNumbersAreDrawnAgain) {
  const std::vector<int32_t> w = initialized(Initializer::kTruncatedNormal, 16);
  int again = 0;
  for (size_t i = 0; i < w.size(); ++i) {
    uint32_t step = 0;
    double z = normal({9, RandomUse::kInit, 3, 0}, i);
    while (std::fabs(z) > 131072) z = normal({9, RandomUse::kInit, 3, ++step}, i);
    again += step > 0;
    ASSERT_EQ(w[i], std::nearbyint(std::ldexp(z * (1 << 22), -16))) << i << ", draw " << step;
  }
  EXPECT_NEAR(again, 0.0455 * kCount, 5 * std::sqrt(0.0455 * kCount));
}

TEST(Initialize, UniformNumbersAreFloat64) {
  const RandomStream stream{9, RandomUse::kInit, 3, 0};
  const std::vector<int32_t> w = initialized(Initializer::kUniform, 100);
  const double bound = std::floor(std::ldexp(0.1, 24));
  for (size_t i = 0; i < w.size(); ++i)
    ASSERT_EQ(w[i], std::nearbyint(std::ldexp((stream.bits(i) - 2147483648.0) * bound, -31))) << i;
  EXPECT_GT(*std::max_element(w.begin(), w.end()), 0.99 * bound);
  EXPECT_LT(*std::min_element(w.begin(), w.end()), -0.99 * bound);
}

TEST(Initialize, ConstantsAndTheStoredGrid) {
  EXPECT_EQ(initialized(Initializer::kOne, 1), std::vector<int32_t>(kCount, 1 << 24));
  EXPECT_EQ(initialized(Initializer::kZero, 1), std::vector<int32_t>(kCount, 0));
  EXPECT_EQ(initialized(Initializer::kOne, 1, 8, (1 << 24) - 256), std::vector<int32_t>(kCount, (1 << 24) - 256));
  const std::vector<int32_t> fine = initialized(Initializer::kHeNormal, 9),
                             coarse = initialized(Initializer::kHeNormal, 9, 8, 1 << 22);
  for (size_t i = 0; i < fine.size(); ++i)
    ASSERT_EQ(coarse[i], std::clamp(256 * std::nearbyint(fine[i] / 256.0), -4194304.0, 4194304.0)) << fine[i];
  EXPECT_EQ(*std::max_element(coarse.begin(), coarse.end()), 1 << 22) << "some are clamped";
  EXPECT_NE(fine, initialized(Initializer::kHeNormal, 9, 0, INT32_MAX, 4)) << "each tensor has its own";
}

}  // namespace
}  // namespace intrain::ops
