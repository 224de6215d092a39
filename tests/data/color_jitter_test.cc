#include "data/color_jitter.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.h"

namespace intrain {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes jittered(const ColorFactors& factors, int c, Bytes image) {
  jitter_colors(factors, static_cast<int64_t>(image.size()) / c, c, image.data());
  return image;
}

// Two pixels (200, 100, 0) and (30, 60, 90); greys (299 200 + 587 100 + 500) / 1000 = 119 and 54, worked by hand.
const Bytes kImage = {200, 100, 0, 30, 60, 90};

TEST(ColorJitter, FactorsOfOneChangeNothing) { EXPECT_EQ(jittered({256, 256, 256}, 3, kImage), kImage); }

TEST(ColorJitter, BrightnessScalesAndClips) {
  EXPECT_EQ(jittered({384, 256, 256}, 3, kImage), (Bytes{255, 150, 0, 45, 90, 135}));
  // 200 101 / 256 = 78.9, 39.45, 11.8, 23.67, 35.5078
  EXPECT_EQ(jittered({101, 256, 256}, 3, kImage), (Bytes{79, 39, 0, 12, 24, 36}));
  // ties to even: 0.5, 1.5, 2.5
  EXPECT_EQ(jittered({128, 256, 256}, 1, {1, 3, 5}), (Bytes{0, 2, 2}));
  EXPECT_EQ(jittered({0, 256, 256}, 3, kImage), Bytes(6));
}

TEST(ColorJitter, ContrastMovesFromTheMeanGrey) {
  // m = div_round(119 + 54, 2) = 86 (86.5, to even)
  EXPECT_EQ(jittered({256, 0, 256}, 3, kImage), Bytes(6, 86));
  // 1.5 p - 43
  EXPECT_EQ(jittered({256, 384, 256}, 3, kImage), (Bytes{255, 107, 0, 2, 47, 92}));
  // Of one channel the pixels are grey: mean of 10, 20, 40, 50 is 30.
  EXPECT_EQ(jittered({256, 128, 256}, 1, {10, 20, 40, 50}), (Bytes{20, 25, 35, 40}));
}

TEST(ColorJitter, SaturationMovesFromEachPixelsGrey) {
  EXPECT_EQ(jittered({256, 256, 0}, 3, kImage), (Bytes{119, 119, 119, 54, 54, 54}));
  // (p + g) / 2: 159.5 to even, 109.5, 59.5; 42, 57, 72
  EXPECT_EQ(jittered({256, 256, 128}, 3, kImage), (Bytes{160, 110, 60, 42, 57, 72}));
  EXPECT_EQ(jittered({256, 256, 512}, 3, kImage), (Bytes{255, 81, 0, 6, 66, 126}));
  EXPECT_EQ(jittered({256, 256, 0}, 1, {7, 9}), (Bytes{7, 9}));
}

TEST(ColorJitter, OneAfterTheOther) {
  EXPECT_EQ(jittered({384, 128, 64}, 3, kImage),
            jittered({256, 256, 64}, 3, jittered({256, 128, 256}, 3, jittered({384, 256, 256}, 3, kImage))));
}

TEST(ColorJitter, FactorsFillTheirRange) {
  std::array<int, 7> count = {};
  int most = 0, least = 512;
  for (uint32_t sample = 0; sample < 7000; ++sample) {
    const ColorFactors factors = random_factors({3, 0, 256}, 5, 2, sample);
    ASSERT_TRUE(factors.brightness >= 253 && factors.brightness <= 259);
    ++count[static_cast<size_t>(factors.brightness - 253)];
    EXPECT_EQ(factors.contrast, 256);
    most = std::max(most, factors.saturation);
    least = std::min(least, factors.saturation);
    const RandomStream stream{5, RandomUse::kAugment, 2, sample};
    EXPECT_EQ(factors.brightness, 253 + static_cast<int>(uint64_t{stream.block(12).word[0]} * 7 >> 32));
  }
  for (const int n : count) EXPECT_NEAR(n, 1000, 150);
  EXPECT_EQ(least, 0);
  EXPECT_EQ(most, 512);
}

}  // namespace
}  // namespace intrain
