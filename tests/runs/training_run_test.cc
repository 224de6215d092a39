#include "runs/training_run.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint.h"
#include "data/source.h"
#include "models/models.h"
#include "nn/builder.h"
#include "report/curve_picture.h"
#include "runs/audit_record.h"
#include "settings/config_json.h"
#include "settings/recipe.h"
#include "support/temp_folder.h"
#include "support/training.h"
#include "train/verify.h"

namespace intrain {
namespace {

using test::expect_error;
using test::go_on;
using test::small_config;
using test::Stopper;
using test::TempFolder;

struct Counter final : TrainObserver {
  int starts = 0, steps = 0, epochs = 0;
  void on_start(const TrainingPlan&) override { ++starts; }
  void on_step(const StepReport& r) override { EXPECT_EQ(r.step, ++steps); }
  void on_epoch(const EpochReport& r) override { EXPECT_EQ(r.epoch, ++epochs); }
};

TEST(Trainer, ARunFolderTakesTestImages) {
  const TempFolder folder;
  const TrainConfig config = small_config(folder.file("run"));
  DataSplits alone = load_data(config.data);
  alone.test.count = 0;
  alone.test.images = {};
  alone.test.labels.clear();
  expect_error([&] { train(config, alone, {}); }, "there are none", "out " + config.out);
  EXPECT_EQ(folder.entries(), 0u);
  EXPECT_EQ(train(config, alone, {.write_folder = false}).step, 8);
}

TEST(Trainer, FillsTheRunFolder) {
  const TempFolder folder;
  const std::string out = folder.file("deep/run");
  const TrainConfig config = small_config(out);
  Counter counter;
  CurvePicture curve;
  ObserverList observers({&curve, &counter});
  const TrainResult result = train(config, load_data(config.data), {true, &observers});
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
    else if (json.at("type") == "numbers") {
      ++looks;
      for (const auto& [layer, tensors] : json.at("layers").items()) EXPECT_TRUE(tensors.contains("G")) << layer;
    }
  }
  EXPECT_EQ(looks, 1);  // the first step
  EXPECT_EQ(steps, 8);
  EXPECT_EQ(epochs, 2);
  const test::Bytes png = test::read_bytes(curve.path());
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
  expect_error([&] { train(config, data, options); }, "fixed grids", "momentum");
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
  expect_error([&] { train(config, data, options); }, "3 means for images of 1 channel", "mean");
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
  refused(bad, "batch");
  bad = config;
  bad.model = "resnet9";
  refused(bad, "model");
  bad = config;
  bad.lr = 0;
  refused(bad, "lr");
  bad = config;
  bad.out = "/proc/none/run";
  refused(bad, "out");
  test::write_bytes(folder.file("file"), {1});
  bad.out = folder.file("file");
  expect_error([&] { train(bad, data, {}); }, "a file of this name", "out");
}

TEST(Trainer, VerifyKnowsThePublishedModels) {
  expect_error([] { run_verify("resnet20", 1); }, "no published signature", "model");
  try {
    run_verify("", 1);
  } catch (const Error& e) {
    EXPECT_EQ(e.hint, "one of: " + verify_names());
    EXPECT_TRUE(e.hint.starts_with("one of: resnet8, resnet8_v2"));
  }
}

TEST(Trainer, VerifyIsRepeatable) {
  const VerifyResult one = run_verify("resnet8", 1), three = run_verify("resnet8", 3);
  EXPECT_EQ(one.signature, three.signature);
}

// Stopped after each step and gone on with in the same object, it leaves the folder of a run that never stopped.
TEST(TrainingRun, GoesOnInItsFolder) {
  const TempFolder folder;
  TrainConfig whole_config = small_config(folder.file("whole")), config = small_config(folder.file("parts"));
  whole_config.audit_every = config.audit_every = 2;
  const DataSplits data = load_data(config.data);
  const TrainResult whole = train(whole_config, data, {});

  TrainingRun run(config, data, {});
  EXPECT_EQ(run.folder(), "");
  Stopper stopper;
  TrainResult result;
  for (int step = 1; step <= 8; ++step) {
    stopper.stop = 0;
    stopper.after = 0;
    result = run.fit(&stopper, &stopper.stop);
    EXPECT_EQ(result.folder, config.out);
    EXPECT_EQ(run.trainer().steps_done(), std::min(step, 8));
    EXPECT_TRUE(result.stopped || result.step == 8);
  }
  if (result.stopped) result = run.fit(nullptr);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.signature, whole.signature);
  const Checkpoint last = read_checkpoint(config.out + "/final.ckpt");
  EXPECT_EQ(last.info.step, 8);
  std::ifstream metrics(config.out + "/metrics.jsonl");
  int steps = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.at("type") == "step") EXPECT_EQ(json.at("step"), ++steps);
  }
  EXPECT_EQ(steps, 8);
  const AuditRecord expected = read_audit_record(whole_config.out + "/audit.jsonl");
  const AuditRecord record = read_audit_record(config.out + "/audit.jsonl");
  EXPECT_EQ(expected.entries.size(), 5u);
  EXPECT_EQ(record.entries.size(), expected.entries.size());
  EXPECT_EQ(record.chain, expected.chain);
}

// What it begins with may be in memory: the same as from the file.
TEST(TrainingRun, BeginsWithACheckpointInMemory) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("first"));
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  config.init_from = config.out + "/final.ckpt";
  const Checkpoint begin = read_checkpoint(config.init_from);
  TrainOptions options;
  options.write_folder = false;
  const TrainResult from_file = train(config, data, options);
  options.begin = &begin;
  config.init_from = "elsewhere";
  EXPECT_EQ(train(config, data, options).signature, from_file.signature);
}

}  // namespace
}  // namespace intrain