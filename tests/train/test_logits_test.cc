#include "train/test_logits.h"

#include <gtest/gtest.h>

#include "data/source.h"
#include "support/training.h"
#include "train/trainer.h"

namespace intrain {
namespace {

using test::small_config;

// The same images, of one channel, moved by `by` rows and columns and then read backwards.
Dataset seen(const Dataset& set, int by, bool mirrored) {
  const auto reflected = [](int i, int n) { return i < 0 ? -i : i < n ? i : 2 * n - 2 - i; };
  std::vector<uint8_t> pixels;
  for (int image = 0; image < set.count; ++image)
    for (int y = 0; y < set.h; ++y)
      for (int x = 0; x < set.w; ++x) {
        const int row = reflected(y + by, set.h), column = reflected((mirrored ? set.w - 1 - x : x) + by, set.w);
        pixels.push_back(set.images[static_cast<size_t>((image * set.h + row) * set.w + column)]);
      }
  Dataset other = set;
  other.images = std::move(pixels);
  return other;
}

Batch batch_of(const Dataset& set, const Normalization& norm, int count) {
  Batch batch;
  batch.count = count;
  for (int64_t i = 0; i < count * set.image_size(); ++i)
    batch.images.push_back(norm.table[0][set.images[static_cast<size_t>(i)]]);
  return batch;
}

TEST(TestLogits, AreTheMeanOfTheViewsExactly) {
  for (const char* model : {"mlp", "resnet8", "resnet8_v2"}) {
    TrainConfig config = small_config("");
    config.model = model;
    const DataSplits data = load_data(config.data);
    Trainer trainer(config, data);
    Net& net = trainer.net();
    const auto logits = [&](const int32_t* of) { return std::vector<int32_t>(of, of + 5 * net.classes()); };
    const Batch batch = batch_of(data.test, trainer.normalization(), 5);
    const auto of_view = [&](int by, bool mirror) {
      net.evaluate(batch_of(seen(data.test, by, mirror), trainer.normalization(), 5));
      return logits(net.logits());
    };
    const std::vector<int32_t> a = of_view(0, false), b = of_view(0, true), up = of_view(2, false), down = of_view(-2, false),
                               up_b = of_view(2, true), down_b = of_view(-2, true);
    const int exp = net.logits_exp();
    EXPECT_NE(a, b) << model;
    EXPECT_NE(up, down) << model;
    const auto expect = [&](const TestViews& views, int log2_weight, const auto& sum) {
      TestLogits mean(net, views);
      mean.evaluate(batch);
      const std::vector<int32_t> got = logits(mean.logits());
      for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], sum(i)) << model;
      EXPECT_EQ(mean.exp(), exp - log2_weight) << model;
    };
    expect({false, 0}, 0, [&](size_t i) { return a[i]; });
    expect({true, 0}, 1, [&](size_t i) { return a[i] + b[i]; });
    expect({false, 2}, 2, [&](size_t i) { return 2 * a[i] + up[i] + down[i]; });
    expect({true, 2}, 3, [&](size_t i) { return 2 * a[i] + up[i] + down[i] + 2 * b[i] + up_b[i] + down_b[i]; });
  }
}

TEST(TestLogits, RefusesShiftsThatLeaveTheImage) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  Trainer trainer(config, data);
  for (const int shift : {-1, data.test.h})
    test::expect_error([&] { TestLogits(trainer.net(), {false, shift}); }, std::to_string(shift) + " pixels", "test_shift");
  TestLogits(trainer.net(), {true, data.test.h - 1});
}

TEST(TestLogits, EvaluationSeesNoSideOfAnImage) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  const Dataset turned = seen(data.test, 0, true);
  TrainObserver silent;
  for (const bool test_mirror : {false, true}) {
    config.test_mirror = test_mirror;
    Trainer trainer(config, data);
    const FitResult result = trainer.fit(silent);
    const Evaluation a = trainer.evaluate(data.test), b = trainer.evaluate(turned);
    EXPECT_EQ(result.test.logits_hash, a.logits_hash);
    EXPECT_EQ(a.logits_hash == b.logits_hash, test_mirror);
    EXPECT_EQ(a.losses == b.losses, test_mirror);
    EXPECT_EQ(a.views.mirror, test_mirror);
  }
}

}  // namespace
}  // namespace intrain
