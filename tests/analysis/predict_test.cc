#include "analysis/predict.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/results_json.h"
#include "data/source.h"
#include "models/models.h"
#include "runs/training_run.h"
#include "support/nets.h"
#include "support/photos.h"
#include "support/rng.h"
#include "support/temp_folder.h"
#include "train/evaluate.h"

namespace intrain {
namespace {

using test::Bytes;
using test::TempFolder;
using test::write_bytes;

class PredictTest : public testing::Test {
 protected:
  // A net trained for one epoch on `data`.
  Checkpoint train_on(const DataSplits& data, int batch) const {
    TrainConfig config;
    config.data = data.spec;
    config.model = "mlp";
    config.epochs = 1;
    config.batch = batch;
    config.out = folder_.file("run");
    return read_checkpoint(train(config, data, {}).folder + "/final.ckpt");
  }

  // The logits of all test images, as evaluation sees them.
  static std::vector<int32_t> evaluated(const Checkpoint& checkpoint, const DataSplits& data, const TestViews& views = {}) {
    TrainedNet trained(checkpoint, data.test.count, false, 1);
    Loader loader(data.test, normalization_of(checkpoint), {.batch = data.test.count});
    TestLogits logits(trained.net, views);
    logits.evaluate(loader.next());
    return {logits.logits(), logits.logits() + int64_t{data.test.count} * trained.net.classes()};
  }

  // All files, by as many predictors as batches have sizes.
  static std::vector<FilePrediction> predicted(const Checkpoint& checkpoint, const std::vector<std::string>& files, int batch,
                                               int threads, std::optional<TestViews> views = {}) {
    Predictor predictor(checkpoint, batch, threads, {}, views);
    std::vector<FilePrediction> all;
    for (size_t begin = 0; begin < files.size(); begin += static_cast<size_t>(batch)) {
      const std::span rest = std::span(files).subspan(begin);
      for (const FilePrediction& p : predictor.predict(rest.first(std::min(rest.size(), static_cast<size_t>(batch))), 1000))
        all.push_back(p);
    }
    return all;
  }

  static void expect_logits(const std::vector<FilePrediction>& predictions, const std::vector<int32_t>& logits, size_t classes) {
    ASSERT_EQ(predictions.size() * classes, logits.size());
    for (size_t i = 0; i < predictions.size(); ++i) {
      ASSERT_FALSE(predictions[i].error) << predictions[i].error->what();
      ASSERT_EQ(predictions[i].classes.size(), classes);
      for (const ClassScore& s : predictions[i].classes)
        ASSERT_EQ(s.logit, logits[i * classes + static_cast<size_t>(s.label)]) << "file " << i << ", class " << s.label;
    }
  }

  // The test images as files.
  std::vector<std::string> write_images(const Dataset& set) const {
    std::vector<std::string> files;
    for (int i = 0; i < set.count; ++i) {
      files.push_back(folder_.file(std::to_string(i) + ".png"));
      write_bytes(files.back(), test::make_png(set.h, set.w, set.c, Bytes(set.image(i), set.image(i) + set.image_size())));
    }
    return files;
  }

  const TempFolder folder_;
};

TEST_F(PredictTest, GreyFilesGetTheLogitsOfEvaluationWithAnyBatchAndThreads) {
  const DataSplits data = load_data("synthetic:64");
  ASSERT_EQ(data.test.c, 1);
  const Checkpoint checkpoint = train_on(data, 16);
  const std::vector<std::string> files = write_images(data.test);
  const std::vector<int32_t> logits = evaluated(checkpoint, data);
  for (const int batch : {1, 5, 1000})
    for (const int threads : {1, 3})
      expect_logits(predicted(checkpoint, files, batch, threads), logits, static_cast<size_t>(data.test.classes));
}

// As the training had it, or as it is asked for.
TEST_F(PredictTest, FilesCountWithTheirMirrorImages) {
  const DataSplits data = load_data("synthetic:64:8");
  Checkpoint checkpoint = train_on(data, 16);
  const std::vector<std::string> files = write_images(data.test);
  const std::vector<int32_t> alone = evaluated(checkpoint, data), both = evaluated(checkpoint, data, {true, 1});
  ASSERT_NE(alone, both);
  const auto classes = static_cast<size_t>(data.test.classes);
  expect_logits(predicted(checkpoint, files, 7, 2, TestViews{true, 1}), both, classes);
  checkpoint.info.config.test_mirror = true;
  checkpoint.info.config.test_shift = 1;
  expect_logits(predicted(checkpoint, files, 7, 2), both, classes);
  expect_logits(predicted(checkpoint, files, 7, 2, TestViews{}), alone, classes);
}

TEST_F(PredictTest, ColorFilesGetTheLogitsOfEvaluation) {
  const DataSplits data = load_data("synthetic:64:8");
  ASSERT_EQ(data.test.c, 3);
  const Checkpoint checkpoint = train_on(data, 16);
  expect_logits(predicted(checkpoint, write_images(data.test), 7, 2), evaluated(checkpoint, data),
                static_cast<size_t>(data.test.classes));
}

TEST_F(PredictTest, PhotosAreCroppedAsInEvaluationAndBrokenOnesPassedOver) {
  test::Rng rng(3);
  for (const std::string split : {"train", "val"})
    for (const std::string name : {"aster", "rose"}) {
      std::filesystem::create_directories(folder_.file(split + "/" + name));
      for (int i = 0; i < 4; ++i) {
        Bytes pixels(size_t{90} * 60 * 3);
        for (uint8_t& p : pixels) p = static_cast<uint8_t>(rng.range(0, 255));
        write_bytes(folder_.file(split + "/" + name + "/" + std::to_string(i) + ".jpg"), test::make_jpeg(90, 60, 3, pixels));
      }
    }
  const DataSplits data = load_data("folder:" + folder_.path() + ":16");
  const Checkpoint checkpoint = train_on(data, 4);
  const std::vector<int32_t> logits = evaluated(checkpoint, data);
  expect_logits(predicted(checkpoint, data.test.files, 3, 2), logits, 2);

  // Among files that cannot be read, the others get the same.
  const std::string text = folder_.file("text.png");
  write_bytes(text, {'h', 'e', 'l', 'l', 'o'});
  std::vector<std::string> mixed = {text};
  for (const std::string& file : data.test.files) mixed.insert(mixed.end(), {file, folder_.file("none.jpg")});
  std::vector<FilePrediction> good, broken;
  for (const FilePrediction& p : predicted(checkpoint, mixed, 4, 2)) (p.error ? broken : good).push_back(p);
  expect_logits(good, logits, 2);
  ASSERT_EQ(broken.size(), 9u);
  EXPECT_EQ(broken[0].file, text);
  EXPECT_TRUE(broken[0].classes.empty());
  EXPECT_EQ(std::string(broken[0].error->what()), "no picture of a kind that is read (JPEG, PNG, WebP, BMP, GIF or TIFF)");
  EXPECT_EQ(broken[1].error->where, folder_.file("none.jpg"));

  const nlohmann::json json = nlohmann::json::parse(predictions_json(checkpoint, {}, -3, {good[0], broken[0]}));
  EXPECT_FALSE(json.contains("test_mirror") || json.contains("test_shift"));
  const nlohmann::json viewed = nlohmann::json::parse(predictions_json(checkpoint, {true, 2}, -3, {}));
  EXPECT_EQ(viewed["test_mirror"], true);
  EXPECT_EQ(viewed["test_shift"], 2);
  EXPECT_EQ(json["logits_exp"], -3);
  ASSERT_EQ(json["files"].size(), 1u);
  EXPECT_EQ(json["files"][0]["file"], data.test.files[0]);
  const nlohmann::json& best = json["files"][0]["classes"][0];
  EXPECT_EQ(best["class"], data.class_names[static_cast<size_t>(good[0].classes[0].label)]);
  EXPECT_EQ(best["label"], good[0].classes[0].label);
  EXPECT_EQ(best["logit"], good[0].classes[0].logit);
  EXPECT_EQ(best["probability"], good[0].classes[0].probability);
  EXPECT_EQ(json["broken"][0]["file"], text);
}

TEST_F(PredictTest, EvaluationDoesNotDependOnBatchAndThreads) {
  const DataSplits data = load_data("synthetic:300");
  const Checkpoint checkpoint = train_on(data, 50);
  const auto run = [&](int batch, int threads) {
    TrainedNet trained(checkpoint, batch, false, threads);
    Loader loader(data.test, normalization_of(checkpoint), {.batch = batch, .threads = threads});
    return evaluation_json(checkpoint, data, "test", evaluate(trained.net, loader));  // every digit
  };
  const std::string once = run(data.test.count, 1);
  for (const int batch : {1, 7, 32}) EXPECT_EQ(run(batch, 3), once) << "batch " << batch;
}

TEST_F(PredictTest, RefusesNetsThatNoPictureFits) {
  for (const int channels : {2, 4}) {
    CheckpointInfo info;
    info.model = "mlp";
    info.h = info.w = 4;
    info.c = channels;
    info.classes = 3;
    info.normalization.resize(static_cast<size_t>(channels) * 256);
    test::ReadyNet ready(build_model(info.model, 4, 4, channels, 3), 1);
    const std::string path = folder_.file("odd.ckpt");
    write_checkpoint(path, info, ready.net.state());
    test::expect_error([&] { Predictor(read_checkpoint(path), 1, 1); }, std::to_string(channels) + " channels", path);
  }
}

}  // namespace
}  // namespace intrain
