#include "ops/narrow/narrow.h"

#include <gtest/gtest.h>

#include <vector>

namespace intrain::ops {
namespace {

TEST(Narrow, ClampsAndWidensBytes) {
  std::vector<int8_t> s = {0, 1, -1, 7, -7, 8, -8, 127, -127};
  narrow_s8_reference({s.data(), 9, 4});
  EXPECT_EQ(s, (std::vector<int8_t>{0, 16, -16, 112, -112, 112, -112, 112, -112}));
  narrow_s8_reference({s.data(), 9, 8});
  EXPECT_EQ(s[1], 16) << "8 bits stay as they are";
  std::vector<uint8_t> u = {0, 1, 3, 4, 255};
  narrow_u8_reference({u.data(), 5, 2});
  EXPECT_EQ(u, (std::vector<uint8_t>{0, 64, 192, 192, 192}));
}

TEST(Narrow, RoundsWordsToEvenAndReturnsTheLargest) {
  std::vector<int16_t> v = {0, 127, 128, 129, 384, -128, -129, 300};
  EXPECT_EQ(narrow_s16_reference({v.data(), 8, 8}), 512);
  EXPECT_EQ(v, (std::vector<int16_t>{0, 0, 0, 256, 512, 0, -256, 256}));
  std::vector<int16_t> ends = {32767, -32767};
  EXPECT_EQ(narrow_s16_reference({ends.data(), 2, 8}), 127 * 256);
  EXPECT_EQ(ends, (std::vector<int16_t>{127 * 256, -127 * 256}));
  std::vector<int16_t> whole = {32767, -5};
  EXPECT_EQ(narrow_s16_reference({whole.data(), 2, 16}), 32767);
  EXPECT_EQ(whole, (std::vector<int16_t>{32767, -5}));
}

// 128 is half a step of 8 bits: up from the byte 128 on. What is on the grid stays there, and the ends are clamped.
TEST(Narrow, RoundsWordsByRandomBytes) {
  const ErrorRandom random = {{7, RandomUse::kActivationError, 3, 11}, 2};
  std::vector<int16_t> half(1000, 128), grid(1000, -512), end(1000, 32700);
  EXPECT_EQ(narrow_s16_reference({half.data(), 1000, 8, &random}), 256);
  EXPECT_EQ(narrow_s16_reference({grid.data(), 1000, 8, &random}), 512);
  EXPECT_EQ(narrow_s16_reference({end.data(), 1000, 8, &random}), 127 * 256);
  for (int64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(half[static_cast<size_t>(i)], random.stream.byte(2, i) >= 128 ? 256 : 0) << i;
    EXPECT_EQ(grid[static_cast<size_t>(i)], -512);
    EXPECT_EQ(end[static_cast<size_t>(i)], 127 * 256);
  }
}

}  // namespace
}  // namespace intrain::ops
