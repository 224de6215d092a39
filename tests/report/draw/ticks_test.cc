#include "report/draw/ticks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace intrain {
namespace {

TEST(TickStep, IsOneTwoOrFiveTimesAPowerOfTen) {
  EXPECT_DOUBLE_EQ(tick_step(6, 6), 1);
  EXPECT_DOUBLE_EQ(tick_step(7, 6), 2);
  EXPECT_DOUBLE_EQ(tick_step(0.3, 6), 0.05);
  EXPECT_DOUBLE_EQ(tick_step(4000, 6), 1000);
}

TEST(Ticks, HoldBothEndsInSpiteOfRounding) {
  const std::vector<double> list = ticks(0, 0.3, 0.1);  // three times 0.1 is more than 0.3
  ASSERT_EQ(list.size(), 4u);
  EXPECT_DOUBLE_EQ(list[3], 0.3);
  EXPECT_EQ(ticks(2.1, 4.9, 1), (std::vector<double>{3, 4}));
}

TEST(Ticks, ZeroIsZero) {
  const std::vector<double> list = ticks(-0.3, 0.3, 0.1);
  ASSERT_EQ(list.size(), 7u);
  EXPECT_EQ(list[3], 0);
  EXPECT_FALSE(std::signbit(ticks(-0.5, 1, 1)[0]));
}

}  // namespace
}  // namespace intrain
