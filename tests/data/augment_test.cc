#include "data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "base/random.h"
#include "data/sampler.h"
#include "support/rng.h"

namespace intrain {
namespace {

TEST(Augment, EveryWindowAgreesWithThePaddedImage) {
  constexpr int kH = 5, kW = 7, kC = 3, kPad = 2;
  test::Rng rng(5);
  std::vector<uint8_t> src(kH * kW * kC);
  for (uint8_t& v : src) v = static_cast<uint8_t>(rng.range(0, 255));
  Normalization norm;
  for (auto& channel : norm.table)
    for (int8_t& v : channel) v = static_cast<int8_t>(rng.range(-127, 127));
  // Where the padded rows and columns of a reflection come from, written down.
  constexpr int kRows[] = {2, 1, 0, 1, 2, 3, 4, 3, 2}, kColumns[] = {2, 1, 0, 1, 2, 3, 4, 5, 6, 5, 4};

  for (int dy = 0; dy <= 2 * kPad; ++dy)
    for (int dx = 0; dx <= 2 * kPad; ++dx)
      for (int way = 0; way < 6; ++way) {
        const bool mirrored = way % 2 == 1;
        const Border border = static_cast<Border>(way / 2);
        std::vector<int8_t> dst(src.size(), 99);
        crop_image(src.data(), kH, kW, kC, norm, kPad, {dy, dx, mirrored}, border, dst.data());
        for (int y = 0; y < kH; ++y)
          for (int x = 0; x < kW; ++x)
            for (int ch = 0; ch < kC; ++ch) {
              const int padded_x = (mirrored ? kW - 1 - x : x) + dx;
              const bool reflect = border == Border::kReflect;
              const int sy = reflect ? kRows[y + dy] : y + dy - kPad, sx = reflect ? kColumns[padded_x] : padded_x - kPad;
              const bool inside = sy >= 0 && sy < kH && sx >= 0 && sx < kW;
              const int beyond = border == Border::kBlack ? norm.table[ch][0] : 0;
              const int expected = inside ? norm.table[ch][src[static_cast<size_t>((sy * kW + sx) * kC + ch)]] : beyond;
              ASSERT_EQ(dst[static_cast<size_t>((y * kW + x) * kC + ch)], expected)
                  << "dy " << dy << " dx " << dx << " way " << way << " at " << y << ", " << x << ", " << ch;
            }
      }
}

TEST(Augment, TheMiddleWindowIsTheImage) {
  std::vector<uint8_t> src(4 * 4);
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<uint8_t>(i * 16);
  Normalization norm = {};
  for (int p = 0; p < 256; ++p) norm.table[0][p] = static_cast<int8_t>(p / 2);
  std::vector<int8_t> cropped(src.size()), plain(src.size());
  crop_image(src.data(), 4, 4, 1, norm, 2, {2, 2, false}, Border::kMean, cropped.data());
  normalize_image(src.data(), 16, 1, norm, plain.data());
  EXPECT_EQ(cropped, plain);
}

TEST(Augment, CropsAndMirrorsAreUniformAndDependOnEpochAndSample) {
  std::map<std::pair<int, int>, int> places;
  int mirrored = 0, changed = 0;
  constexpr int kSamples = 25000;
  for (uint32_t i = 0; i < kSamples; ++i) {
    const Crop a = random_crop(1, 0, i, 2), b = random_crop(1, 1, i, 2);
    const bool now = is_mirrored(Mirror::kRandom, 1, 0, i, 9), then = is_mirrored(Mirror::kRandom, 1, 1, i, 9);
    ++places[{a.dy, a.dx}];
    mirrored += now;
    changed += a.dy != b.dy || a.dx != b.dx || now != then;
    EXPECT_FALSE(is_mirrored(Mirror::kNone, 1, 0, i, i));
  }
  ASSERT_EQ(places.size(), 25u);
  for (const auto& [place, count] : places) EXPECT_NEAR(count, kSamples / 25, 160);  // five standard deviations
  EXPECT_NEAR(mirrored, kSamples / 2, 400);
  EXPECT_NEAR(changed, kSamples * 49 / 50, 150);
}

// Exactly every other epoch, whatever picture of the epoch it is; the first epoch's half is that by chance.
TEST(Augment, AlternateMirrorsTurnWithTheEpoch) {
  int first = 0;
  for (uint32_t sample = 0; sample < 1000; ++sample) {
    const bool began = is_mirrored(Mirror::kAlternate, 1, 0, 77, sample);
    first += began;
    EXPECT_EQ(began, is_mirrored(Mirror::kRandom, 1, 0, sample, 0));
    for (uint32_t epoch = 1; epoch < 5; ++epoch)
      EXPECT_EQ(is_mirrored(Mirror::kAlternate, 1, epoch, epoch, sample), began != (epoch % 2 == 1));
  }
  EXPECT_NEAR(first, 500, 80);
}

// Of 4 x 5 pixels with two channels; squares of even and odd sides that stick out or not.
TEST(Augment, CutoutShowsNothingInASquareThatMayStickOut) {
  const auto cut = [](Place centre, int side) {
    std::vector<int8_t> image(4 * 5 * 2, 1);
    cut_out(4, 5, 2, centre, side, image.data());
    std::string text;
    for (size_t i = 0; i < image.size(); i += 2) {
      EXPECT_EQ(image[i], image[i + 1]);
      text += image[i] == 0 ? '.' : '#';
      if (i % 10 == 8) text += ' ';
    }
    return text;
  };
  EXPECT_EQ(cut({2, 2}, 2), "##### #..## #..## ##### ");
  EXPECT_EQ(cut({2, 2}, 3), "##### #...# #...# #...# ");
  EXPECT_EQ(cut({0, 0}, 3), "..### ..### ##### ##### ");
  EXPECT_EQ(cut({3, 4}, 4), "##### ##... ##... ##... ");
  EXPECT_EQ(cut({1, 4}, 1), "##### ####. ##### ##### ");
}

TEST(Augment, CentresAreUniformAndAsWritten) {
  std::map<std::pair<int, int>, int> places;
  constexpr int kSamples = 20000;
  for (uint32_t i = 0; i < kSamples; ++i) {
    const Place place = random_place(3, 1, i, 4, 5);
    ++places[{place.y, place.x}];
    const RandomStream stream{3, RandomUse::kAugment, 1, i};
    EXPECT_EQ(place.y, static_cast<int>(stream.block(11).word[0] / (uint64_t{1} << 30)));
    EXPECT_EQ(place.x, static_cast<int>(uint64_t{stream.block(11).word[1]} * 5 >> 32));
  }
  ASSERT_EQ(places.size(), 20u);
  for (const auto& [place, count] : places) EXPECT_NEAR(count, kSamples / 20, 155);
}

TEST(Augment, MovesAndMirrorsAnImage) {
  const std::vector<int8_t> src = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // 2x3 pixels of 2 numbers
  const auto moved = [&](int by, bool mirrored) {
    std::vector<int8_t> dst(12);
    move_image(src.data(), 2, 3, 2, by, mirrored, dst.data());
    return dst;
  };
  EXPECT_EQ(moved(0, false), src);
  EXPECT_EQ(moved(0, true), (std::vector<int8_t>{5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8}));
  EXPECT_EQ(moved(1, false), (std::vector<int8_t>{9, 10, 11, 12, 9, 10, 3, 4, 5, 6, 3, 4}));
  EXPECT_EQ(moved(-1, false), (std::vector<int8_t>{9, 10, 7, 8, 9, 10, 3, 4, 1, 2, 3, 4}));
  EXPECT_EQ(moved(-1, true), (std::vector<int8_t>{9, 10, 7, 8, 9, 10, 3, 4, 1, 2, 3, 4}));
}

TEST(Sampler, EachEpochIsAPermutationOfItsOwn) {
  std::vector<int32_t> first(1000), second(1000), again(1000), other(1000);
  shuffle_epoch(7, 0, first);
  shuffle_epoch(7, 1, second);
  shuffle_epoch(7, 0, again);
  shuffle_epoch(8, 0, other);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, second);
  EXPECT_NE(first, other);
  std::vector<bool> seen(first.size());
  int fixed = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    ASSERT_FALSE(seen[static_cast<size_t>(first[i])]);
    seen[static_cast<size_t>(first[i])] = true;
    fixed += first[i] == static_cast<int32_t>(i);
  }
  EXPECT_LT(fixed, 10);  // one is expected
}

TEST(RandomWindow, InsideAndOfTheSharesItSays) {
  const int h = 300, w = 400;
  int upright = 0, small = 0, top = 0;
  for (uint32_t sample = 0; sample < 4000; ++sample) {
    const Window v = random_window(1, 2, sample, h, w);
    ASSERT_TRUE(v.y >= 0 && v.x >= 0 && v.h > 0 && v.w > 0 && v.y + v.h <= h && v.x + v.w <= w);
    const double area = double(v.h) * v.w / (h * w), ratio = double(std::min(v.h, v.w)) / std::max(v.h, v.w);
    ASSERT_TRUE(area > 0.075 && area <= 1) << area;
    ASSERT_GT(ratio, 0.73);
    upright += v.h > v.w;
    small += area < 0.3;
    top += v.y * 2 < h - v.h;
  }
  // Upright windows fit less often here. A share below 0.3 comes first with probability 22 / 92 and always fits; larger ones are tried
  // again: more than that.
  EXPECT_GT(upright, 1500);
  EXPECT_LT(upright, 2000);
  EXPECT_GT(small, 4000 * 22 / 92);
  EXPECT_LT(small, 4000 * 40 / 92);
  EXPECT_NEAR(top, 2000, 150);
}

TEST(RandomWindow, IsAFunctionOfSeedEpochAndSample) {
  const auto at = [](uint64_t seed, uint32_t epoch, uint32_t sample) {
    const Window v = random_window(seed, epoch, sample, 300, 400);
    return std::array{v.y, v.x, v.h, v.w};
  };
  EXPECT_EQ(at(1, 2, 3), at(1, 2, 3));
  EXPECT_NE(at(1, 2, 3), at(2, 2, 3));
  EXPECT_NE(at(1, 2, 3), at(1, 3, 3));
  EXPECT_NE(at(1, 2, 3), at(1, 2, 4));
}

TEST(RandomWindow, TakesTheMiddleOfPhotosThatAreTooLong) {
  const Window v = random_window(1, 0, 0, 2, 1000);  // even 8 % of it, nearly square, would be 11 pixels high
  EXPECT_EQ(v.h, 2);
  EXPECT_EQ(v.w, 2);
  EXPECT_EQ(v.x, 499);
  const Window one = random_window(1, 0, 0, 1, 1);
  EXPECT_EQ(one.h * one.w, 1);
}

TEST(EvaluationWindow, ByHand) {
  const Window v = evaluation_window(kStandardCropQ16, 256, 320);
  EXPECT_EQ(v.h, 224);
  EXPECT_EQ(v.w, 224);
  EXPECT_EQ(v.y, 16);
  EXPECT_EQ(v.x, 48);
  EXPECT_EQ(evaluation_window(kStandardCropQ16, 1, 5).h, 1);
  // floor(7/8 of the shorter side), whatever that is.
  for (int side = 1; side <= 65535; ++side)
    ASSERT_EQ(evaluation_window(kStandardCropQ16, side, 70000).h, std::max(1, static_cast<int>(int64_t{side} * 7 / 8)));
  const auto at = [](int crop_q16, int h, int w) {
    const Window window = evaluation_window(crop_q16, h, w);
    return std::array{window.y, window.x, window.h, window.w};
  };
  EXPECT_EQ(at(65536, 30, 41), (std::array{0, 5, 30, 30}));
  EXPECT_EQ(at(0, 30, 41), (std::array{0, 0, 30, 41}));
  EXPECT_EQ(at(32768, 41, 31), (std::array{13, 8, 15, 15}));
}

TEST(WholeWindow, ByHand) {
  const auto at = [](int h, int w, int to_h, int to_w) {
    const Window v = whole_window(h, w, to_h, to_w);
    return std::array{v.y, v.x, v.h, v.w};
  };
  EXPECT_EQ(at(28, 20, 28, 20), (std::array{0, 0, 28, 20}));
  EXPECT_EQ(at(300, 400, 32, 32), (std::array{0, 50, 300, 300}));
  EXPECT_EQ(at(400, 300, 32, 32), (std::array{50, 0, 300, 300}));
  EXPECT_EQ(at(300, 400, 10, 20), (std::array{50, 0, 200, 400}));
  EXPECT_EQ(at(1, 1000, 32, 32), (std::array{0, 499, 1, 1}));
  EXPECT_EQ(at(1000, 1, 1, 512), (std::array{499, 0, 1, 1}));
}

}  // namespace
}  // namespace intrain
