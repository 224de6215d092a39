#include <fmt/format.h>
#include <gtest/gtest.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "data/source.h"
#include "settings/recipe.h"
#include "support/temp_folder.h"
#include "support/training.h"

namespace intrain {
namespace {

using test::expect_error;
using test::go_on;
using test::small_config;
using test::Stopper;
using test::TempFolder;

// Every step by itself, each on another number of threads.
void expect_same_when_stopped_after_each_step(TrainConfig config) {
  const TempFolder folder;
  const DataSplits data = load_data(config.data);
  config.out = folder.file("whole");
  const TrainResult whole = train(config, data, {});
  EXPECT_FALSE(whole.stopped);

  config.out = folder.file("stopped");
  Stopper stopper;
  TrainOptions options;
  options.observer = &stopper;
  options.stop = &stopper.stop;
  TrainResult result = train(config, data, options);
  int64_t step = 1;
  for (; result.stopped; ++step) {
    ASSERT_EQ(result.step, step);
    EXPECT_EQ(read_checkpoint(fmt::format("{}/step-{:08}.ckpt", config.out, step)).info.step, step);
    config.threads = static_cast<int>(1 + step % 3);
    result = go_on(config, data, stopper);
    EXPECT_EQ(stopper.first_step, step);
  }
  // The last step was followed by a stop too, before its evaluation.
  EXPECT_EQ(step, whole.step + 1);
  EXPECT_EQ(result.signature, whole.signature);
  EXPECT_EQ(result.test.logits_hash, whole.test.logits_hash);
  const Checkpoint a = read_checkpoint(folder.file("whole") + "/best.ckpt"), b = read_checkpoint(config.out + "/best.ckpt");
  EXPECT_EQ(a.info.step, b.info.step);
  EXPECT_EQ(a.info.best_hits, b.info.best_hits);
}

Pixels with_another_pixel(const Pixels& pixels) {
  std::vector<uint8_t> bytes(pixels.begin(), pixels.end());
  ++bytes[100];
  return bytes;
}

TEST(Resume, AStoppedRunEndsAsIfItHadNotBeen) { expect_same_when_stopped_after_each_step(small_config("")); }

TEST(Resume, AStoppedRunOfWageubnAndOtherImagesEndsAsIfItHadNotBeen) {
  TrainConfig config = small_config("");
  apply_recipe(config, "wageubn");
  config.model = "resnet8_v2";
  test::augment(config);
  expect_same_when_stopped_after_each_step(config);
}

TEST(Resume, AFinishedRunGoesOnToItsEnd) {
  const TempFolder folder;
  const TrainConfig config = small_config(folder.file("run"));
  const DataSplits data = load_data(config.data);
  const TrainResult whole = train(config, data, {});
  Stopper stopper;
  const TrainResult again = go_on(config, data, stopper);
  EXPECT_FALSE(again.stopped);
  EXPECT_EQ(again.signature, whole.signature);
  EXPECT_EQ(again.test.logits_hash, whole.test.logits_hash);
}

TEST(Resume, GoesOnFromACheckpointOfVersion1) {
  const TempFolder folder;
  std::filesystem::copy(INTRAIN_TESTS_DIR "/checkpoint/version1.ckpt", folder.file("best.ckpt"));
  TrainConfig config = read_checkpoint(folder.file("best.ckpt")).info.config;
  config.out = folder.path();
  Stopper stopper;
  stopper.after = 100;
  const TrainResult result = go_on(config, load_data(config.data), stopper);
  EXPECT_EQ(stopper.first_step, 4);
  EXPECT_EQ(signature_text(result.signature), "01b7d1fedb448b65");  // of the program that wrote it
}

TEST(Resume, GoesOnWithTheSameDataOnly) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  train(config, load_data(config.data), {});
  const test::Bytes before = test::read_bytes(config.out + "/metrics.jsonl");
  Stopper stopper;
  DataSplits data = load_data("synthetic:128");
  expect_error([&] { go_on(config, data, stopper); }, "another number of images", "data");
  data = load_data("synthetic:64:12");
  expect_error([&] { go_on(config, data, stopper); }, "images of another size", "data");
  data = load_data(config.data);
  data.class_names.assign(10, "thing");
  expect_error([&] { go_on(config, data, stopper); }, "other classes", "data");
  data = load_data(config.data);
  std::swap(data.train.labels[0], data.train.labels[1]);
  ASSERT_NE(data.train.labels[0], data.train.labels[1]);
  expect_error([&] { go_on(config, data, stopper); }, "other labels of training images", "data");
  data = load_data(config.data);
  data.train.images = with_another_pixel(data.train.images);
  expect_error([&] { go_on(config, data, stopper); }, "other training images", "data");
  data = load_data(config.data);
  data.test.images = with_another_pixel(data.test.images);
  expect_error([&] { go_on(config, data, stopper); }, "other test images", "data");
  config.batch = 8;
  expect_error([&] { go_on(config, load_data(config.data), stopper); }, "the checkpoint is at step 8, outside epoch 3 of 2",
               "final.ckpt");
  config.batch = 16;
  config.mean = {0.5};
  config.deviation = {0.5};
  expect_error([&] { go_on(config, load_data(config.data), stopper); }, "another mean", "data");
  EXPECT_EQ(test::read_bytes(config.out + "/metrics.jsonl"), before);
}

TEST(Resume, SeveralBatchesMakeAStep) {
  TrainConfig config = small_config("");
  config.data = "synthetic:90";  // 11 batches: 3 steps, and 2 batches left out
  config.batch = 8;
  config.accumulate = 3;
  expect_same_when_stopped_after_each_step(config);
  config.accumulate = 12;
  expect_error([&] { train(config, load_data(config.data), {}); }, "12 batches of 8 are more than the 90", "accumulate");
}

}  // namespace
}  // namespace intrain
