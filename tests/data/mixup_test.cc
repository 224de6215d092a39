#include "data/mixup.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace intrain {
namespace {

// The Beta distribution of (alpha, alpha) up to x <= 1/2, by u = t^alpha, which leaves nothing infinite to be added up:
// the integral of t^(alpha - 1) (1 - t)^(alpha - 1) is 1 / alpha that of (1 - u^(1 / alpha))^(alpha - 1) up to x^alpha.
double beta_below(double alpha, double x) {
  constexpr int kSteps = 2000;
  const double end = std::pow(x, alpha), whole = std::tgamma(alpha) * std::tgamma(alpha) / std::tgamma(2 * alpha);
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) sum += std::pow(1 - std::pow((i + 0.5) * end / kSteps, 1 / alpha), alpha - 1);
  return sum * end / kSteps / alpha / whole;
}

TEST(Mixup, SharesAreTheQuantilesOfTheBetaDistribution) {
  for (const int tenths : {2, 4, 8})
    for (uint32_t entry = 0; entry < 128; ++entry) {
      const int share = mixup_share(tenths, entry << 25 | 12345);
      const double at = (entry + 0.5) / 256;
      if (share > 0) EXPECT_LE(beta_below(tenths / 10.0, (share - 0.5) / 256), at + 1e-5) << tenths << ", " << entry;
      if (share < 128) EXPECT_GE(beta_below(tenths / 10.0, (share + 0.5) / 256), at - 1e-5) << tenths << ", " << entry;
      EXPECT_LE(share, 128);
    }
  for (const int tenths : {2, 4, 8, 10}) EXPECT_TRUE(is_mixup_alpha(tenths));
  for (const int tenths : {-1, 0, 1, 3, 11}) EXPECT_FALSE(is_mixup_alpha(tenths));
}

TEST(Mixup, AnAlphaOfOneIsUniform) {
  EXPECT_EQ(mixup_share(10, 0), 0);
  EXPECT_EQ(mixup_share(10, UINT32_MAX), 128);
  EXPECT_EQ(mixup_share(10, 1u << 31), 64);
  std::vector<int> count(129);
  for (uint32_t sample = 0; sample < 12900; ++sample) {
    const int share = random_share(10, 5, 3, sample);
    ++count[static_cast<size_t>(share)];
    const RandomStream stream{5, RandomUse::kAugment, 3, sample};
    EXPECT_EQ(share, static_cast<int>(uint64_t{stream.block(13).word[0]} * 129 >> 32));
  }
  for (const int n : count) EXPECT_NEAR(n, 100, 60);
}

TEST(Mixup, BlendsToNearest) {
  const std::vector<int8_t> next = {127, -127, 5, 1, 3, 0};
  const auto mixed = [&](int share) {
    std::vector<int8_t> image = {-127, 127, 5, 0, 0, 100};
    mix_images(next.data(), 6, share, image.data());
    return image;
  };
  EXPECT_EQ(mixed(0), (std::vector<int8_t>{-127, 127, 5, 0, 0, 100}));
  EXPECT_EQ(mixed(256), next);
  // 0.5 and 1.5 to even
  EXPECT_EQ(mixed(128), (std::vector<int8_t>{0, 0, 5, 0, 2, 50}));
  // -127 (256 - 2 77) / 256 = -50.6, 0.3, 0.9, 69.9
  EXPECT_EQ(mixed(77), (std::vector<int8_t>{-51, 51, 5, 0, 1, 70}));
}

}  // namespace
}  // namespace intrain
