// The residual stream.
#include "ops/stream/stream.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/formats.h"

namespace intrain::ops {
namespace {

TEST(StreamAdd, ByHand) {
  const int16_t stream[] = {1, -2, 32767, -32767, 32767};
  int16_t dst[] = {10, 10, 1, -1, -32767};
  stream_add_reference({stream, nullptr, 0, 5, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 5), (std::vector<int>{11, 8, 32767, -32767, 0}));
  // 255 2^7 = 32640
  const uint8_t activation[] = {0, 3, 255};
  int16_t sum[] = {-5, -5, 200};
  stream_add_reference({nullptr, activation, 3, 3, sum});
  EXPECT_EQ(std::vector<int>(sum, sum + 3), (std::vector<int>{-5, 19, 2240}));
  int16_t high[] = {0, 0, 200};
  stream_add_reference({nullptr, activation, 7, 3, high});
  EXPECT_EQ(std::vector<int>(high, high + 3), (std::vector<int>{0, 384, 32767}));
}

// |mean| + 8 sigma against 128, 256 and 512; the statistics have 32 fraction bits.
TEST(StreamExp, HoldsTheMeanAndEightDeviations) {
  const auto exp = [](double mean, double sigma) {
    return stream_exp(static_cast<int64_t>(mean * 0x1p32), static_cast<int64_t>(sigma * sigma * 0x1p32));
  };
  EXPECT_EQ(exp(0, 1), -8);
  EXPECT_EQ(exp(0, 16), -8);
  EXPECT_EQ(exp(0, 16.001), -7);
  EXPECT_EQ(exp(128, 0), -8);
  EXPECT_EQ(exp(-128, 0.001), -7);
  EXPECT_EQ(exp(-120, 1), -8);
  EXPECT_EQ(exp(120, 1.001), -7);
  EXPECT_EQ(exp(240, 2.001), -6);
  EXPECT_EQ(exp(-500, 1.501), -5);
  EXPECT_EQ(exp(0, 1000), -5);  // there is no more
  EXPECT_EQ(stream_exp(-kRunningMost, kRunningMost), -5);
}

}  // namespace
}  // namespace intrain::ops
