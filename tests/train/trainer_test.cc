#include "train/trainer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/source.h"
#include "io/checkpoint.h"
#include "io/config_json.h"
#include "io/recipe.h"
#include "models/models.h"
#include "nn/builder.h"
#include "support/temp_folder.h"
#include "train/run_folder.h"
#include "train/signature.h"
#include "train/verify.h"

namespace intrain {
namespace {

using test::expect_error;
using test::TempFolder;

TrainConfig small_config(const std::string& out) {
  TrainConfig config;
  config.data = "synthetic:64";
  config.model = "mlp";
  config.epochs = 2;
  config.batch = 16;
  config.out = out;
  return config;
}

struct Counter final : TrainObserver {
  int starts = 0, steps = 0, epochs = 0;
  void on_start(const TrainingPlan&) override { ++starts; }
  void on_step(const StepReport& r) override { EXPECT_EQ(r.step, ++steps); }
  void on_epoch(const EpochReport& r) override { EXPECT_EQ(r.epoch, ++epochs); }
};

TEST(Trainer, FillsTheRunFolder) {
  const TempFolder folder;
  const std::string out = folder.file("deep/run");
  const TrainConfig config = small_config(out);
  Counter counter;
  const TrainResult result = train(config, load_data(config.data), {true, &counter});
  EXPECT_EQ(counter.starts, 1);
  EXPECT_EQ(counter.steps, 8);
  EXPECT_EQ(counter.epochs, 2);
  EXPECT_EQ(result.folder, out);

  const auto saved = nlohmann::ordered_json::parse(std::ifstream(out + "/config.json"));
  EXPECT_EQ(saved.dump(), nlohmann::ordered_json(config).dump());
  std::ifstream metrics(out + "/metrics.jsonl");
  int steps = 0, epochs = 0, looks = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.at("type") == "step")
      EXPECT_EQ(json.at("step"), ++steps);
    else if (json.at("type") == "epoch")
      EXPECT_EQ(json.at("epoch"), ++epochs);
    else
      looks += json.at("type") == "numbers";
  }
  EXPECT_EQ(looks, 1);  // the first step
  EXPECT_EQ(steps, 8);
  EXPECT_EQ(epochs, 2);
  const test::Bytes png = test::read_bytes(result.curve);
  ASSERT_GT(png.size(), 1000u);
  EXPECT_EQ(std::string(png.begin() + 1, png.begin() + 4), "PNG");
  const Checkpoint final_checkpoint = read_checkpoint(out + "/final.ckpt");
  EXPECT_EQ(final_checkpoint.info.step, 8);
  EXPECT_EQ(final_checkpoint.info.epoch, 2);
  EXPECT_LE(read_checkpoint(out + "/best.ckpt").info.epoch, 2);

  expect_error([&] { train(config, load_data(config.data), {}); }, "already holds a run", out);
}

TEST(Trainer, TheResultDoesNotDependOnThreads) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  const TrainOptions options{false, nullptr};
  const uint64_t one = train(config, data, options).signature;
  config.threads = 3;
  EXPECT_EQ(train(config, data, options).signature, one);
  config.seed = 1;
  EXPECT_NE(train(config, data, options).signature, one);
}

// Asks for a stop after each step, or once, after the step given.
struct Stopper final : TrainObserver {
  std::atomic<int> stop{0};
  int64_t after = 0;
  int64_t first_step = -1;
  void on_start(const TrainingPlan& plan) override { first_step = plan.first_step; }
  void on_step(const StepReport& r) override { stop = r.step >= after; }
};

TrainResult go_on(const TrainConfig& config, const DataSplits& data, Stopper& stopper) {
  const ResumePoint point = find_resume_point(config.out);
  EXPECT_TRUE(point.damaged.empty());
  stopper.stop = 0;
  TrainOptions options;
  options.observer = &stopper;
  options.resume = &point.checkpoint;
  options.stop = &stopper.stop;
  return train(config, data, options);
}

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

TEST(Trainer, AStoppedRunEndsAsIfItHadNotBeen) { expect_same_when_stopped_after_each_step(small_config("")); }

TEST(Trainer, AStoppedRunOfWageubnEndsAsIfItHadNotBeen) {
  TrainConfig config = small_config("");
  apply_recipe(config, "wageubn");
  config.model = "resnet8_v2";
  expect_same_when_stopped_after_each_step(config);
}

TEST(Trainer, AFinishedRunGoesOnToItsEnd) {
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

TEST(Trainer, GoesOnFromACheckpointOfVersion1) {
  const TempFolder folder;
  std::filesystem::copy(INTRAIN_TESTS_DIR "/io/version1.ckpt", folder.file("best.ckpt"));
  TrainConfig config = read_checkpoint(folder.file("best.ckpt")).info.config;
  config.out = folder.path();
  Stopper stopper;
  stopper.after = 100;
  const TrainResult result = go_on(config, load_data(config.data), stopper);
  EXPECT_EQ(stopper.first_step, 4);
  EXPECT_EQ(signature_text(result.signature), "01b7d1fedb448b65");  // of the program that wrote it
}

TEST(Trainer, GoesOnWithTheSameDataOnly) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  train(config, load_data(config.data), {});
  const test::Bytes before = test::read_bytes(config.out + "/metrics.jsonl");
  Stopper stopper;
  DataSplits data = load_data("synthetic:128");
  expect_error([&] { go_on(config, data, stopper); }, "another number of images", "--data");
  data = load_data("synthetic:64:12");
  expect_error([&] { go_on(config, data, stopper); }, "images of another size", "--data");
  data = load_data(config.data);
  data.class_names.assign(10, "thing");
  expect_error([&] { go_on(config, data, stopper); }, "other classes", "--data");
  config.batch = 8;
  expect_error([&] { go_on(config, load_data(config.data), stopper); }, "step 8 is none of epoch 3 of 2", "final.ckpt");
  config.batch = 16;
  config.mean = {0.5};
  config.deviation = {0.5};
  expect_error([&] { go_on(config, load_data(config.data), stopper); }, "another mean", "--data");
  EXPECT_EQ(test::read_bytes(config.out + "/metrics.jsonl"), before);
}

TEST(Trainer, TrainsANetBuiltByTheCaller) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const uint64_t named = train(config, data, options).signature;
  options.build = [&](int h, int w, int c, int classes) { return build_model(config.model, h, w, c, classes); };
  EXPECT_EQ(train(config, data, options).signature, named);
  options.build = [](int h, int w, int c, int classes) {
    NetBuilder net(h, w, c, classes);
    return net.linear_logits(net.linear_relu(net.input(), 8));
  };
  EXPECT_NE(train(config, data, options).signature, named);
}

TEST(Trainer, TrainsByWageubn) {
  TrainConfig config = small_config("");
  apply_recipe(config, "wageubn");
  config.data = "synthetic:128";
  config.model = "resnet8";
  config.epochs = 5;
  config.lr = 0.5;  // the paper's is for many more steps
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const TrainResult one = train(config, data, options);
  EXPECT_GT(one.test.metrics.accuracy(), 0.5);
  config.threads = 3;
  EXPECT_EQ(train(config, data, options).signature, one.signature);
  config.widths.fixed_w = false;
  EXPECT_NE(train(config, data, options).signature, one.signature);
  config.momentum = 0.9;
  expect_error([&] { train(config, data, options); }, "fixed grids", "--momentum");
}

// Values of an array of the run's final checkpoint.
test::Bytes array_of(const std::string& run, const std::string& name) {
  const Checkpoint checkpoint = read_checkpoint(run + "/final.ckpt");
  for (const CheckpointArray& a : checkpoint.arrays)
    if (a.name == name) {
      const auto begin = checkpoint.bytes.begin() + a.offset;
      return {begin, begin + a.count * element_bytes(a.type)};
    }
  ADD_FAILURE() << "no " << name;
  return {};
}

TEST(Trainer, FrozenParametersStay) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("free"));
  config.model = "resnet8";
  config.epochs = 1;
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  config.out = folder.file("frozen");
  config.freeze = {"conv[0-2].*", "*.beta"};
  const TrainResult frozen = train(config, data, {});
  config.out = folder.file("begin");
  config.freeze = {"conv*"};
  train(config, data, {});
  for (const std::string name : {"conv0.weight", "conv2.gamma", "conv5.beta"}) {
    EXPECT_EQ(array_of(folder.file("frozen"), name), array_of(folder.file("begin"), name)) << name;
    EXPECT_NE(array_of(folder.file("frozen"), name), array_of(folder.file("free"), name)) << name;
  }
  EXPECT_NE(array_of(folder.file("frozen"), "conv3.weight"), array_of(folder.file("begin"), "conv3.weight"));
  EXPECT_NE(array_of(folder.file("begin"), "linear10.weight"), array_of(folder.file("free"), "linear10.weight"));

  // The same bits on another number of threads.
  config.out = folder.file("threads");
  config.freeze = {"conv[0-2].*", "*.beta"};
  config.threads = 3;
  EXPECT_EQ(train(config, data, {}).signature, frozen.signature);

  config.out = folder.file("none");
  config.freeze = {"conv99.*"};
  expect_error([&] { train(config, data, {}); }, "'conv99.*' names no parameter", "--freeze");
  config.freeze = {"*"};
  expect_error([&] { train(config, data, {}); }, "all parameters are frozen", "--freeze");
  EXPECT_FALSE(std::filesystem::exists(config.out));
}

// To the gradients of the others it makes no difference that nothing below them learns.
TEST(Trainer, TheFirstStepAboveFrozenLayersIsAsEver) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("free"));
  config.model = "resnet8";
  config.epochs = 1;
  config.batch = 64;
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  config.out = folder.file("frozen");
  config.freeze = {"conv[0-2].*"};
  train(config, data, {});
  for (const std::string name : {"conv3.weight", "conv4.gamma", "linear10.bias"})
    EXPECT_EQ(array_of(folder.file("frozen"), name), array_of(folder.file("free"), name)) << name;
}

TEST(Trainer, BeginsFromACheckpoint) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("first"));
  config.data = "synthetic:256";
  config.model = "resnet8";
  const TrainResult first = train(config, load_data(config.data), {});
  DataSplits data = load_data(config.data);

  config.out = folder.file("second");
  config.init_from = folder.file("first/final.ckpt");
  config.freeze = {"conv*"};
  config.lr = 1e-9;
  config.epochs = 1;
  train(config, data, {});
  EXPECT_EQ(array_of(folder.file("second"), "conv3.weight"), array_of(folder.file("first"), "conv3.weight"));

  // Other classes: a head of its own.
  data.train.classes = data.test.classes = 12;
  config.out = folder.file("third");
  train(config, data, {});
  EXPECT_EQ(array_of(folder.file("third"), "conv3.weight"), array_of(folder.file("first"), "conv3.weight"));
  EXPECT_EQ(array_of(folder.file("third"), "linear10.bias").size(), 12 * 4u);

  // Stopped and gone on with, without the checkpoint it began from.
  config.epochs = 2;
  config.out = folder.file("whole");
  const TrainResult whole = train(config, data, {});
  config.out = folder.file("stopped");
  Stopper stopper;
  stopper.after = 3;
  TrainOptions options;
  options.observer = &stopper;
  options.stop = &stopper.stop;
  EXPECT_TRUE(train(config, data, options).stopped);
  std::filesystem::remove(config.init_from);
  config = read_checkpoint(config.out + "/step-00000003.ckpt").info.config;
  stopper.after = 1000;
  EXPECT_EQ(go_on(config, data, stopper).signature, whole.signature);

  config.out = folder.file("other");
  expect_error([&] { train(config, data, {}); }, "cannot open", "first/final.ckpt");
  config.init_from = folder.file("second/final.ckpt");
  config.model = "resnet14";
  expect_error([&] { train(config, data, {}); }, "does not fit model 'resnet14'", "--init-from");
}

TEST(Trainer, SeveralBatchesMakeAStep) {
  TrainConfig config = small_config("");
  config.data = "synthetic:90";  // 11 batches: 3 steps, and 2 batches left out
  config.batch = 8;
  config.accumulate = 3;
  expect_same_when_stopped_after_each_step(config);
  config.accumulate = 12;
  expect_error([&] { train(config, load_data(config.data), {}); }, "12 batches of 8 are more than the 90", "--accumulate");
}

// Without batch norm a step on two halves is one on the whole, but for the rounding of E2, for a scale of its own in each half.
TEST(Trainer, HalvesOfABatchLearnLikeAWhole) {
  TrainConfig config = small_config("");
  config.data = "synthetic:512";
  config.epochs = 3;
  config.batch = 32;
  config.lr = 0.05;
  config.augment = "none";
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const TrainResult whole = train(config, data, options);
  config.batch = 16;
  config.accumulate = 2;
  const TrainResult halves = train(config, data, options);
  EXPECT_EQ(halves.step, whole.step);
  EXPECT_NEAR(halves.test.metrics.mean_loss(), whole.test.metrics.mean_loss(), 0.1 * whole.test.metrics.mean_loss());
  config.accumulate = 1;
  EXPECT_GT(std::abs(train(config, data, options).test.metrics.mean_loss() - whole.test.metrics.mean_loss()),
            2 * std::abs(halves.test.metrics.mean_loss() - whole.test.metrics.mean_loss()));
}

TEST(Trainer, EndsWhenPatienceDoes) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  config.lr = 1e-9;  // nothing gets better
  config.epochs = 20;
  config.patience = 3;
  const DataSplits data = load_data(config.data);
  Counter counter;
  TrainOptions options;
  options.observer = &counter;
  const TrainResult result = train(config, data, options);
  EXPECT_EQ(counter.epochs, 4);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(read_checkpoint(config.out + "/final.ckpt").info.epoch, 4);
  // It stays ended.
  Stopper stopper;
  EXPECT_EQ(go_on(config, data, stopper).signature, result.signature);
  EXPECT_EQ(stopper.first_step, result.step);
}

TEST(Trainer, LabelSmoothingChangesTheTraining) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const uint64_t sharp = train(config, data, options).signature;
  config.label_smoothing = 0.1;
  const uint64_t smooth = train(config, data, options).signature;
  EXPECT_NE(smooth, sharp);
  config.threads = 3;
  EXPECT_EQ(train(config, data, options).signature, smooth);
}

TEST(Trainer, TakesAGivenMeanAndDeviation) {
  TrainConfig config = small_config("");
  const DataSplits data = load_data(config.data);
  TrainOptions options;
  options.write_folder = false;
  const uint64_t own = train(config, data, options).signature;
  config.mean = {0.5};
  config.deviation = {0.25};
  EXPECT_NE(train(config, data, options).signature, own);
  config.mean = config.deviation = {0.5, 0.5, 0.5};
  expect_error([&] { train(config, data, options); }, "3 means for images of 1 channels", "--mean");
}

TEST(Trainer, WhatCannotBeLeavesNoFolder) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("run"));
  const DataSplits data = load_data(config.data);
  const auto refused = [&](const TrainConfig& c, const std::string& where) {
    expect_error([&] { train(c, data, {}); }, "", where);
    EXPECT_EQ(folder.entries(), 0u);
  };
  TrainConfig bad = config;
  bad.batch = 65;
  refused(bad, "--batch");
  bad = config;
  bad.model = "resnet9";
  refused(bad, "--model");
  bad = config;
  bad.lr = 0;
  refused(bad, "--lr");
  bad = config;
  bad.out = "/proc/none/run";
  refused(bad, "--out");
  test::write_bytes(folder.file("file"), {1});
  bad.out = folder.file("file");
  expect_error([&] { train(bad, data, {}); }, "a file of this name", "--out");
}

TEST(Trainer, VerifyKnowsThePublishedModels) {
  expect_error([] { run_verify("resnet20", 1); }, "no published signature", "--model");
  try {
    run_verify("", 1);
  } catch (const Error& e) {
    EXPECT_EQ(e.hint, "one of: resnet8, resnet8_v2, resnet18, resnet50");
  }
}

TEST(Trainer, VerifyIsRepeatable) {
  const VerifyResult one = run_verify("resnet8", 1), three = run_verify("resnet8", 3);
  EXPECT_EQ(one.signature, three.signature);
}

}  // namespace
}  // namespace intrain
