#include "settings/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace intrain {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(NumberText, IsShortAndReadBackAsItWas) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e-9), "1e-9");
  EXPECT_EQ(number_text(1e-30), "1e-30");
  EXPECT_EQ(number_text(kNan), "nan");
}

TEST(PercentText, HasItsDigitsAndADashForNone) {
  EXPECT_EQ(percent_text(0.1234), "12.34 %");
  EXPECT_EQ(percent_text(1, 1), "100.0 %");
  EXPECT_EQ(percent_text(0), "0.00 %");
  EXPECT_EQ(percent_text(kNan), "-");
}

}  // namespace
}  // namespace intrain
