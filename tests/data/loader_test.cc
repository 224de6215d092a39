#include "data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "data/augment.h"
#include "data/color_jitter.h"
#include "data/mixup.h"
#include "data/normalization.h"
#include "data/sampler.h"
#include "data/source.h"
#include "data/synthetic.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

// Copies of the next n batches.
std::vector<Batch> take(Loader& loader, int n) {
  std::vector<Batch> batches;
  for (int i = 0; i < n; ++i) batches.push_back(loader.next());
  return batches;
}

bool same(const Batch& a, const Batch& b) {
  return a.count == b.count && a.images == b.images && a.labels == b.labels && a.other_labels == b.other_labels &&
         a.other_shares == b.other_shares;
}

// All that a training can do to 12 x 12 pixels.
LoaderOptions augmented() {
  return {.batch = 7,
          .training = true,
          .mirror = Mirror::kAlternate,
          .seed = 11,
          .border = Border::kReflect,
          .shift = 3,
          .cutout = 5,
          .color_jitter = {100, 80, 60}};
}

class LoaderTest : public testing::Test {
 protected:
  const DataSplits data_ = make_synthetic(50, 3);
  const Normalization norm_ = make_normalization(data_.train);
};

TEST_F(LoaderTest, TrainingBatchesAreWholeAndRepeatable) {
  Loader a(data_.train, norm_, {8, true, Mirror::kRandom, 11, 0}), b(data_.train, norm_, {8, true, Mirror::kRandom, 11, 0});
  EXPECT_EQ(a.steps_per_epoch(), 6);
  const std::vector<Batch> first = take(a, 20), second = take(b, 20);
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].count, 8);
    EXPECT_TRUE(same(first[i], second[i])) << "batch " << i;
  }
  EXPECT_FALSE(same(first[0], first[6]));  // the next epoch has another order
}

TEST_F(LoaderTest, StartsAtAnyStep) {
  LoaderOptions mixed = augmented();
  mixed.mixup = 10;
  for (LoaderOptions options : {LoaderOptions{8, true, Mirror::kRandom, 11, 0}, augmented(), mixed}) {
    Loader whole(data_.train, norm_, options);
    const std::vector<Batch> all = take(whole, 20);
    for (int64_t start : {1, 5, 6, 13}) {
      options.first_step = start;
      Loader late(data_.train, norm_, options);
      const std::vector<Batch> rest = take(late, 20 - static_cast<int>(start));
      for (size_t i = 0; i < rest.size(); ++i)
        EXPECT_TRUE(same(rest[i], all[i + static_cast<size_t>(start)])) << start << " + " << i;
    }
  }
}

// Colours, then the window, then the square, each of the image's own random bits; a balanced epoch has bits for each place, but an image's mirror
// stays its own.
TEST_F(LoaderTest, AugmentationsComeOneAfterTheOther) {
  for (const bool balance : {false, true}) {
    LoaderOptions options = augmented();
    options.balance = balance;
    Loader loader(data_.train, norm_, options);
    const int64_t size = data_.train.image_size(), steps = loader.steps_per_epoch();
    std::vector<int32_t> order(50);
    Batch batch;
    int differences = 0;
    for (uint32_t epoch = 0; epoch < 2; ++epoch) {
      if (balance)
        balance_epoch(11, epoch, data_.train.labels, 10, order);
      else
        shuffle_epoch(11, epoch, order);
      for (uint32_t place = 0; place < steps * 7; ++place) {
        if (place % 7 == 0) batch = loader.next();
        const auto sample = static_cast<uint32_t>(order[place]), draw = balance ? place : sample;
        std::vector<uint8_t> image(data_.train.image(sample), data_.train.image(sample) + size);
        jitter_colors(random_factors({100, 80, 60}, 11, epoch, draw), 144, 1, image.data());
        Crop crop = random_crop(11, epoch, draw, 3);
        crop.mirrored = is_mirrored(Mirror::kAlternate, 11, epoch, draw, sample);
        std::vector<int8_t> expected(image.size());
        crop_image(image.data(), 12, 12, 1, norm_, 3, crop, Border::kReflect, expected.data());
        cut_out(12, 12, 1, random_place(11, epoch, draw, 12, 12), 5, expected.data());
        differences += !std::equal(expected.begin(), expected.end(), batch.images.begin() + place % 7 * size);
      }
    }
    EXPECT_EQ(differences, 0) << balance;
  }
}

// Each with the one after it, the last with the first.
TEST_F(LoaderTest, ImagesAreMixedWithTheirNeighbours) {
  for (const bool balance : {false, true}) {
    LoaderOptions options = augmented();
    options.balance = balance;
    Loader plain(data_.train, norm_, options);
    options.mixup = 4;
    Loader mixing(data_.train, norm_, options);
    std::vector<int32_t> order(50);
    int least = 256, most = 0;
    for (int step = 0; step < 10; ++step) {
      const Batch& alone = plain.next();
      const Batch& mixed = mixing.next();
      ASSERT_EQ(mixed.labels, alone.labels);
      EXPECT_TRUE(alone.other_labels.empty());
      const auto epoch = static_cast<uint32_t>(step / 7);
      if (balance)
        balance_epoch(11, epoch, data_.train.labels, 10, order);
      else
        shuffle_epoch(11, epoch, order);
      for (size_t i = 0; i < 7; ++i) {
        const auto place = static_cast<uint32_t>(step % 7 * 7) + static_cast<uint32_t>(i);
        const int share = random_share(4, 11, epoch, balance ? place : static_cast<uint32_t>(order[place]));
        EXPECT_EQ(mixed.other_shares[i], share);
        EXPECT_EQ(mixed.other_labels[i], alone.labels[(i + 1) % 7]);
        std::vector<int8_t> expected(alone.images.begin() + static_cast<int64_t>(i) * 144,
                                     alone.images.begin() + static_cast<int64_t>(i + 1) * 144);
        mix_images(alone.images.data() + (i + 1) % 7 * 144, 144, share, expected.data());
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), mixed.images.begin() + static_cast<int64_t>(i) * 144))
            << step << ", " << i;
        least = std::min(least, share);
        most = std::max(most, share);
      }
    }
    EXPECT_LT(least, 8);
    EXPECT_GT(most, 96);
  }
}

// Put together, what the ranks load is what one process does: crops, mirrors and all.
TEST_F(LoaderTest, RanksLoadTheirSlices) {
  LoaderOptions plain{.batch = 7, .training = true, .mirror = Mirror::kRandom, .seed = 11}, balanced = plain, evaluation = plain;
  balanced.balance = true;
  evaluation.training = false;
  LoaderOptions mixed = augmented();
  mixed.mixup = 8;
  for (LoaderOptions options : {plain, balanced, evaluation, augmented(), mixed})
    for (const int ranks : {2, 3, 7}) {
      options.rank = 0;
      options.ranks = 1;
      Loader whole(data_.train, norm_, options);
      std::vector<std::unique_ptr<Loader>> parts;
      options.ranks = ranks;
      for (options.rank = 0; options.rank < ranks; ++options.rank)
        parts.push_back(std::make_unique<Loader>(data_.train, norm_, options));
      for (int i = 0; i < 20; ++i) {
        const Batch& expected = whole.next();
        EXPECT_EQ(expected.whole(), expected.count);
        Batch all;
        for (const auto& loader : parts) {
          const Batch& part = loader->next();
          EXPECT_EQ(part.total, expected.count);
          EXPECT_EQ(part.first, all.count);
          all.count += part.count;
          all.images.insert(all.images.end(), part.images.begin(), part.images.begin() + part.count * data_.train.image_size());
          all.labels.insert(all.labels.end(), part.labels.begin(), part.labels.begin() + part.count);
          if (part.other_labels.empty()) continue;
          all.other_labels.insert(all.other_labels.end(), part.other_labels.begin(), part.other_labels.begin() + part.count);
          all.other_shares.insert(all.other_shares.end(), part.other_shares.begin(), part.other_shares.begin() + part.count);
        }
        ASSERT_EQ(all.count, expected.count);
        ASSERT_TRUE(std::equal(all.images.begin(), all.images.end(), expected.images.begin())) << ranks << ", batch " << i;
        ASSERT_TRUE(std::equal(all.labels.begin(), all.labels.end(), expected.labels.begin())) << ranks << ", batch " << i;
        ASSERT_EQ(all.other_labels, expected.other_labels) << ranks << ", batch " << i;
        ASSERT_EQ(all.other_shares, expected.other_shares) << ranks << ", batch " << i;
      }
    }
}

TEST_F(LoaderTest, BalancedBatchesShowRareClassesOftenEachTimeAnew) {
  Dataset set = data_.train;
  std::fill(set.labels.begin(), set.labels.end(), uint16_t{0});
  set.labels[7] = 1;  // one of fifty
  LoaderOptions options{10, true, Mirror::kRandom, 11, 0};
  options.balance = true;
  Loader loader(set, norm_, options);
  EXPECT_EQ(loader.steps_per_epoch(), 5);
  std::set<std::vector<int8_t>> rare;
  int count = 0;
  for (int step = 0; step < 5; ++step) {
    const Batch& batch = loader.next();
    for (int i = 0; i < batch.count; ++i) {
      if (batch.labels[static_cast<size_t>(i)] == 0) continue;
      ++count;
      rare.emplace(batch.images.begin() + i * 144, batch.images.begin() + (i + 1) * 144);
    }
  }
  EXPECT_EQ(count, 25);
  EXPECT_GT(rare.size(), 10u);  // of 25 x 2 windows and mirrors
  options.first_step = 3;
  Loader late(set, norm_, options), whole(set, norm_, {10, true, Mirror::kRandom, 11, 0, 1, true, true});
  for (int step = 0; step < 3; ++step) whole.next();
  EXPECT_TRUE(same(late.next(), whole.next()));
}

TEST_F(LoaderTest, WhatCannotBeLoadedIsRefused) {
  const auto refused = [&](const Dataset& set, const LoaderOptions& options, const char* setting) {
    test::expect_error([&] { Loader(set, norm_, options); }, "", setting);
  };
  refused(data_.train, {.batch = 0}, "batch");
  refused(data_.train, {.batch = 51, .training = true}, "batch");
  refused(data_.train, {.batch = 8, .threads = 0}, "threads");
  refused(data_.train, {.batch = 8, .first_step = -1}, "first_step");
  refused(data_.train.without_images(), {.batch = 8}, "data");
  Dataset set = data_.train;
  set.count = 51;
  refused(set, {.batch = 8}, "data");
  set.files = {"a.png"};
  refused(set, {.batch = 8}, "data");
  set = data_.train;
  set.c = kMaxChannels + 1;
  refused(set, {.batch = 8}, "data");
  set = data_.train;
  set.labels.pop_back();
  refused(set, {.batch = 8}, "data");
  set = data_.train;
  set.labels[0] = static_cast<uint16_t>(set.classes);
  refused(set, {.batch = 8, .training = true, .balance = true}, "data");
}

// Images of 12 x 12.
TEST_F(LoaderTest, WhatCannotBeAugmentedIsRefused) {
  const auto refused = [&](LoaderOptions options, const char* setting) {
    options.batch = 8;
    options.training = true;
    test::expect_error([&] { Loader(data_.train, norm_, options); }, "", setting);
    options.augment = false;
    Loader(data_.train, norm_, options);
  };
  for (const int shift : {-2, 12}) refused({.shift = shift}, "shift");
  for (const int side : {-1, 13}) refused({.cutout = side}, "cutout");
  for (const int tenths : {-1, 5}) refused({.mixup = tenths}, "mixup");
  for (const int range : {-1, 257}) refused({.color_jitter = {0, range, 0}}, "color_jitter");
  refused({.color_jitter = {0, 0, 100}}, "color_jitter");
  Dataset flat = data_.train;
  flat.h = 1;
  flat.w = 144;
  Loader(flat, norm_, {.batch = 8, .training = true});
  test::expect_error([&] { Loader(flat, norm_, {.batch = 8, .training = true, .border = Border::kReflect}); }, "of 1x144",
                     "border");
}

TEST_F(LoaderTest, TheSeedChangesTheBatches) {
  Loader a(data_.train, norm_, {8, true, Mirror::kRandom, 11, 0}), b(data_.train, norm_, {8, true, Mirror::kRandom, 12, 0});
  EXPECT_FALSE(same(a.next(), b.next()));
}

TEST_F(LoaderTest, EvaluationIsInOrderAndWhole) {
  Loader loader(data_.train, norm_, {8, false, Mirror::kNone, 0, 0});
  EXPECT_EQ(loader.steps_per_epoch(), 7);
  for (int pass = 0; pass < 2; ++pass)
    for (int step = 0; step < 7; ++step) {
      const Batch& batch = loader.next();
      ASSERT_EQ(batch.count, step == 6 ? 2 : 8);
      for (int i = 0; i < batch.count; ++i) {
        const int sample = step * 8 + i;
        ASSERT_EQ(batch.labels[static_cast<size_t>(i)], data_.train.labels[static_cast<size_t>(sample)]);
        for (int p = 0; p < 144; ++p)
          ASSERT_EQ(batch.images[static_cast<size_t>(i * 144 + p)], norm_.table[0][data_.train.image(sample)[p]]);
      }
    }
}

TEST_F(LoaderTest, ABatchOfTheWholeSetAndOneLargerThanTheTestSet) {
  Loader train(data_.train, norm_, {50, true, Mirror::kNone, 1, 0});
  EXPECT_EQ(train.steps_per_epoch(), 1);
  std::vector<int> counts(10), expected(10);
  const Batch& batch = train.next();
  for (int i = 0; i < 50; ++i) {
    ++counts[static_cast<size_t>(batch.labels[static_cast<size_t>(i)])];
    ++expected[data_.train.labels[static_cast<size_t>(i)]];
  }
  EXPECT_EQ(counts, expected);
  Loader test(data_.test, norm_, {1000, false, Mirror::kNone, 0, 0});
  EXPECT_EQ(test.next().count, 12);
}

TEST_F(LoaderTest, WithoutAugmentationEpochsAreTheImagesThemselvesInAnyOrder) {
  Loader loader(data_.train, norm_, {10, true, Mirror::kRandom, 3, 0, 1, false});
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::vector<int8_t>> got, expected;
    for (int step = 0; step < 5; ++step) {
      const Batch& batch = loader.next();
      for (int i = 0; i < 10; ++i) got.emplace(batch.images.begin() + i * 144, batch.images.begin() + (i + 1) * 144);
    }
    for (int i = 0; i < 50; ++i) {
      std::vector<int8_t> image;
      for (int p = 0; p < 144; ++p) image.push_back(norm_.table[0][data_.train.image(i)[p]]);
      expected.insert(image);
    }
    EXPECT_EQ(got, expected) << "epoch " << epoch;
  }
}

TEST_F(LoaderTest, CanBeDroppedAtAnyTime) {
  for (int n = 0; n < 8; ++n) {
    Loader loader(data_.train, norm_, {8, true, Mirror::kRandom, 1, 0});
    take(loader, n);
  }
}

TEST(Synthetic, IsAFunctionOfCountAndSeed) {
  const DataSplits a = load_data("synthetic:200"), b = make_synthetic(200, 0), c = make_synthetic(200, 1);
  EXPECT_EQ(a.spec, "synthetic:200");
  EXPECT_EQ(a.train.images, b.train.images);
  EXPECT_NE(a.train.images, c.train.images);
  EXPECT_EQ(a.train.count, 200);
  EXPECT_EQ(a.test.count, 50);
  EXPECT_EQ(std::set<uint16_t>(a.train.labels.begin(), a.train.labels.end()).size(), 10u);
  // The published signature rests on these bytes.
  uint64_t sum = 0;
  for (uint8_t v : a.train.images) sum = sum * 31 + v;
  EXPECT_EQ(sum, 12297711654380568123u);  // from a second implementation, in Python, of what synthetic.h says
  EXPECT_EQ(load_data("synthetic:1").test.count, 1);
}

TEST(Synthetic, HasTheSizeAskedFor) {
  const DataSplits data = load_data("synthetic:3:16");
  EXPECT_EQ(data.spec, "synthetic:3:16");
  for (const Dataset* set : {&data.train, &data.test}) {
    EXPECT_EQ(set->h, 16);
    EXPECT_EQ(set->w, 16);
    EXPECT_EQ(set->c, 3);
  }
  uint64_t sum = 0;
  for (uint8_t v : data.train.images) sum = sum * 31 + v;
  EXPECT_EQ(sum, 7964727969830389547u);  // from the same second implementation
}

TEST(Synthetic, OtherSizesAreRefused) {
  for (const int count : {0, kSyntheticMax + 1})
    test::expect_error([&] { make_synthetic(count, 0); }, "generated images", "data");
  for (const SyntheticSize& size : {SyntheticSize{0, 1}, {13, 1}, {12, 0}, {12, 4}})
    test::expect_error([&] { make_synthetic(4, 0, size); }, "generated images", "data");
}

}  // namespace
}  // namespace intrain
