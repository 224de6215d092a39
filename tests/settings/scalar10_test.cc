#include "settings/scalar10.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/rng.h"

namespace intrain {
namespace {

TEST(Scalar10, IsTheNearestTenBitNumber) {
  EXPECT_EQ(to_scalar10(0).mantissa, 0);
  EXPECT_EQ(to_scalar10(1).mantissa, 512);
  EXPECT_EQ(to_scalar10(1).exp, -9);
  EXPECT_EQ(to_scalar10(0.1).mantissa, 819);  // 0.1 * 2^13 = 819.2
  EXPECT_EQ(to_scalar10(0.1).exp, -13);
  EXPECT_EQ(to_scalar10(1023.75).mantissa, 512);  // rounds up to the next power of two
  EXPECT_EQ(to_scalar10(1023.75).exp, 1);
  EXPECT_EQ(to_scalar10(512.5).mantissa, 512);  // ties to even
  EXPECT_EQ(to_scalar10(513.5).mantissa, 514);
  test::Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    const double value = std::ldexp(static_cast<double>(rng.range(1, int64_t{1} << 52)), static_cast<int>(rng.range(-90, -30)));
    const Scalar10 s = to_scalar10(value);
    ASSERT_GE(s.mantissa, 512);
    ASSERT_LE(s.mantissa, 1023);
    ASSERT_LE(std::abs(std::ldexp(s.mantissa, s.exp) - value), std::ldexp(0.5, s.exp));
  }
}

TEST(Scalar10, MomentumIsInFractionsOf1024) {
  EXPECT_EQ(to_fraction10(0.9).mantissa, 922);
  EXPECT_EQ(to_fraction10(0.9).exp, -10);
  EXPECT_EQ(to_fraction10(0).mantissa, 0);
  EXPECT_EQ(to_fraction10(0.99999).mantissa, 1023);
  EXPECT_EQ(to_fraction10(0.75, 2).mantissa, 3);
  EXPECT_EQ(to_fraction10(0.9, 2).mantissa, 3);
  EXPECT_EQ(to_fraction10(0.75, 2).exp, -2);
}

}  // namespace
}  // namespace intrain
