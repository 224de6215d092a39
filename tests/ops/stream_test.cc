// The residual stream.
#include "ops/stream/stream.h"

#include <gtest/gtest.h>

#include <vector>

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

}  // namespace
}  // namespace intrain::ops
