#include "data/normalization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/pixel_sums.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

Dataset random_set(uint64_t seed, int count, int c, int spread) {
  test::Rng rng(seed);
  Dataset set;
  set.count = count;
  set.h = set.w = 9;
  set.c = c;
  set.classes = 10;
  set.labels.resize(static_cast<size_t>(count));
  std::vector<uint8_t> images(static_cast<size_t>(count * set.image_size()));
  for (size_t i = 0; i < images.size(); ++i)
    images[i] = static_cast<uint8_t>(128 + static_cast<int>(i) % c * 20 + rng.range(-spread, spread));
  set.images = std::move(images);
  return set;
}

TEST(Normalization, AgreesWithFloat) {
  for (int c : {1, 3})
    for (int spread : {1, 5, 80}) {
      const Dataset set = random_set(static_cast<uint64_t>(spread), 50, c, spread);
      const Normalization norm = make_normalization(set);
      for (int ch = 0; ch < c; ++ch) {
        double sum = 0, squares = 0, n = 0;
        for (size_t i = static_cast<size_t>(ch); i < set.images.size(); i += static_cast<size_t>(c), ++n) {
          sum += set.images[i];
          squares += double{static_cast<double>(set.images[i])} * set.images[i];
        }
        const double mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
        for (int p = 0; p < 256; ++p) {
          // The integers are floors with 23 fraction bits: an exact tie apart, they round to the same value.
          const double exact = std::clamp(32 * (p - mean) / deviation, -127.0, 127.0);
          EXPECT_LE(std::abs(norm.table[ch][p] - exact), 0.5001) << "channel " << ch << " pixel " << p;
        }
      }
    }
}

// Photos come as sums, of as many pixels as a folder may have: 2^32 times as many of each value change nothing.
TEST(Normalization, AnyNumberOfPhotos) {
  for (int spread : {1, 5, 80}) {
    const Dataset few = random_set(static_cast<uint64_t>(spread), 50, 3, spread);
    Dataset many = few;
    many.images = {};
    many.files = {"photo.jpg"};
    many.count *= 1 << 22;
    many.h = many.w = 32 * few.h;
    many.pixel_sums.resize(3);
    for (size_t i = 0; i < few.images.size(); ++i) {
      const int64_t p = few.images[i];
      many.pixel_sums[i % 3].sum += p << 32;
      many.pixel_sums[i % 3].squares += p * p << 32;
    }
    const Normalization a = make_normalization(few), b = make_normalization(many);
    for (int ch = 0; ch < 3; ++ch)
      for (int p = 0; p < 256; ++p) ASSERT_EQ(b.table[ch][p], a.table[ch][p]) << "channel " << ch << " pixel " << p;
  }
}

// Of more pixels than are added up in 32 bits.
TEST(PixelSums, AreExact) {
  constexpr int64_t kPixels = (1 << 17) + 3;
  for (const int channels : {1, 2, 3}) {
    std::vector<uint8_t> image(static_cast<size_t>(kPixels * channels), 255);
    for (int ch = 0; ch < channels; ++ch) image[image.size() - 1 - static_cast<size_t>(ch)] = static_cast<uint8_t>(10 + ch);
    std::vector<PixelSums> sums(static_cast<size_t>(channels), PixelSums{1, 2});
    add_pixels(image.data(), kPixels, channels, sums.data());
    for (int ch = 0; ch < channels; ++ch) {
      const int64_t last = 10 + channels - 1 - ch;
      EXPECT_EQ(sums[static_cast<size_t>(ch)].sum, 1 + (kPixels - 1) * 255 + last);
      EXPECT_EQ(sums[static_cast<size_t>(ch)].squares, 2 + (kPixels - 1) * 255 * 255 + last * last);
    }
  }
}

TEST(Normalization, HandWorked) {
  // Pixels 0 and 2 in equal numbers: mean 1, deviation 1.
  Dataset set;
  set.count = 1;
  set.h = 1;
  set.w = 4;
  set.c = 1;
  set.images = std::vector<uint8_t>{0, 2, 2, 0};
  set.labels = {0};
  const Normalization norm = make_normalization(set);
  EXPECT_EQ(norm.table[0][0], -32);
  EXPECT_EQ(norm.table[0][1], 0);
  EXPECT_EQ(norm.table[0][2], 32);
  EXPECT_EQ(norm.table[0][4], 96);
  EXPECT_EQ(norm.table[0][5], 127);
  EXPECT_EQ(norm.table[0][255], 127);
  EXPECT_EQ(norm.table[1][255], 0);  // no such channel
}

TEST(Normalization, ConstantImagesAreZero) {
  Dataset set = random_set(1, 2, 1, 1);
  set.images = std::vector<uint8_t>(set.images.size(), 77);
  const Normalization norm = make_normalization(set);
  for (int p = 0; p < 256; ++p) EXPECT_EQ(norm.table[0][p], 0);
}

TEST(Normalization, ExtremeImages) {
  Dataset set = random_set(1, 2, 1, 1);
  std::vector<uint8_t> images(set.images.size());
  for (size_t i = 0; i < images.size(); ++i) images[i] = i % 2 ? 255 : 0;
  set.images = std::move(images);
  const Normalization norm = make_normalization(set);
  EXPECT_EQ(norm.table[0][0], -32);
  EXPECT_EQ(norm.table[0][255], 32);
}

TEST(Normalization, GivenMeanAndDeviation) {
  const int64_t one = int64_t{1} << kNormalizationFraction;
  const Normalization norm = make_normalization({100 * one, 255 * one / 2}, {64 * one, one / 2});
  EXPECT_EQ(norm.table[0][100], 0);
  EXPECT_EQ(norm.table[0][164], 32);   // one deviation
  EXPECT_EQ(norm.table[0][0], -50);    // 32 * 100 / 64
  EXPECT_EQ(norm.table[0][101], 0);    // half a step, to even
  EXPECT_EQ(norm.table[0][103], 2);    // 1.5, to even
  EXPECT_EQ(norm.table[0][255], 78);   // 77.5, to even
  EXPECT_EQ(norm.table[1][127], -32);  // half a pixel below the mean
  EXPECT_EQ(norm.table[1][255], 127);
  EXPECT_EQ(norm.table[1][0], -127);
  EXPECT_EQ(norm.table[2][200], 0);
}

TEST(Normalization, WhatHasNoneIsRefused) {
  Dataset photos;
  photos.count = photos.h = photos.w = photos.c = 1;
  photos.files = {"a.png"};
  test::expect_error([&] { make_normalization(photos); }, "nobody has looked at", "data");
  test::expect_error([] { make_normalization(Dataset{}); }, "without images", "data");
  test::expect_error([] { make_normalization({1, 2}, {1}); }, "2 means and 1 deviations", "mean");
  test::expect_error([] { make_normalization(std::vector<int64_t>{}, {}); }, "0 means", "mean");
  test::expect_error([] { make_normalization({-1}, {1}); }, "a mean of -1", "mean");
  test::expect_error([] { make_normalization({1}, {0}); }, "a deviation of 0", "deviation");
}

}  // namespace
}  // namespace intrain
