#include "train/test_logits.h"

#include <gtest/gtest.h>

#include "data/source.h"
#include "support/training.h"
#include "train/trainer.h"

namespace intrain {
namespace {

using test::small_config;

// The same images, read backwards.
Dataset mirrored(const Dataset& set) {
  std::vector<uint8_t> pixels(set.images.size());
  for (size_t i = 0; i < pixels.size(); ++i) {
    const size_t w = static_cast<size_t>(set.w), x = i % w;  // of one channel
    pixels[i] = set.images[i - x + w - 1 - x];
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

TEST(TestLogits, AreTheMeanOfBothExactly) {
  for (const char* model : {"mlp", "resnet8", "resnet8_v2"}) {
    TrainConfig config = small_config("");
    config.model = model;
    const DataSplits data = load_data(config.data);
    Trainer trainer(config, data);
    Net& net = trainer.net();
    const auto logits = [&](const int32_t* of) { return std::vector<int32_t>(of, of + 5 * net.classes()); };
    const Batch batch = batch_of(data.test, trainer.normalization(), 5);
    net.evaluate(batch);
    const std::vector<int32_t> a = logits(net.logits());
    const int exp = net.logits_exp();
    net.evaluate(batch_of(mirrored(data.test), trainer.normalization(), 5));
    const std::vector<int32_t> b = logits(net.logits());
    EXPECT_EQ(net.logits_exp(), exp) << model;
    EXPECT_NE(a, b) << model;
    std::vector<int32_t> sum;
    for (size_t i = 0; i < a.size(); ++i) sum.push_back(a[i] + b[i]);

    TestLogits both(net, true), alone(net, false);
    both.evaluate(batch);
    EXPECT_EQ(logits(both.logits()), sum) << model;
    EXPECT_EQ(both.exp(), exp - 1) << model;
    alone.evaluate(batch);
    EXPECT_EQ(logits(alone.logits()), a) << model;
    EXPECT_EQ(alone.exp(), exp) << model;
  }
}

TEST(TestLogits, EvaluationSeesNoSideOfAnImage) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  const Dataset turned = mirrored(data.test);
  TrainObserver silent;
  for (const bool test_mirror : {false, true}) {
    config.test_mirror = test_mirror;
    Trainer trainer(config, data);
    const FitResult result = trainer.fit(silent);
    const Evaluation a = trainer.evaluate(data.test), b = trainer.evaluate(turned);
    EXPECT_EQ(result.test.logits_hash, a.logits_hash);
    EXPECT_EQ(a.logits_hash == b.logits_hash, test_mirror);
    EXPECT_EQ(a.losses == b.losses, test_mirror);
    EXPECT_EQ(a.test_mirror, test_mirror);
  }
}

}  // namespace
}  // namespace intrain
