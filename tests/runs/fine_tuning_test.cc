#include <gtest/gtest.h>

#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "data/source.h"
#include "support/temp_folder.h"
#include "support/training.h"

namespace intrain {
namespace {

using test::expect_error;
using test::go_on;
using test::small_config;
using test::Stopper;
using test::TempFolder;

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

TEST(FineTuning, FrozenParametersStay) {
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
  expect_error([&] { train(config, data, {}); }, "'conv99.*' names no parameter", "freeze");
  config.freeze = {"*"};
  expect_error([&] { train(config, data, {}); }, "all parameters are frozen", "freeze");
  EXPECT_FALSE(std::filesystem::exists(config.out));
}

// To the gradients of the others it makes no difference that nothing below them learns.
TEST(FineTuning, TheFirstStepAboveFrozenLayersIsAsEver) {
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

TEST(FineTuning, BeginsFromACheckpoint) {
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
  expect_error([&] { train(config, data, {}); }, "does not fit model 'resnet14'", "init_from");
}

// What the net that it begins from knows of borders, unless other is said; a run that goes on keeps it.
TEST(FineTuning, TakesTheBorderOfTheNetItBeginsFrom) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("first"));
  config.border = "black";
  config.epochs = 1;
  const DataSplits data = load_data(config.data);
  train(config, data, {});
  const auto border = [&](const std::string& run) {
    return read_checkpoint(folder.file(run) + "/final.ckpt").info.config.border;
  };
  EXPECT_EQ(border("first"), "black");

  config.init_from = folder.file("first/final.ckpt");
  const auto run = [&](const std::string& out, const std::string& setting) {
    config.out = folder.file(out);
    config.border = setting;
    return train(config, data, {}).signature;
  };
  const uint64_t taken = run("taken", ""), black = run("black", "black"), mean = run("mean", "mean");
  EXPECT_EQ(border("taken"), "black");
  EXPECT_EQ(border("mean"), "mean");
  EXPECT_EQ(taken, black);
  EXPECT_NE(taken, mean);
  config.init_from.clear();
  EXPECT_EQ(run("new", ""), run("new mean", "mean"));
}

TEST(FineTuning, FrozenStatisticsStay) {
  const TempFolder folder;
  TrainConfig config = small_config(folder.file("first"));
  config.data = "synthetic:256";
  config.model = "resnet8";
  config.epochs = 1;
  const DataSplits data = load_data(config.data);
  train(config, data, {});

  config.out = folder.file("new");
  config.freeze_statistics = true;
  expect_error([&] { train(config, data, {}); }, "no running statistics", "freeze_statistics");
  EXPECT_FALSE(std::filesystem::exists(config.out));

  config.init_from = folder.file("first/final.ckpt");
  config.freeze = {"conv0.*"};
  config.epochs = 2;
  config.out = folder.file("whole");
  const TrainResult whole = train(config, data, {});
  for (const std::string name : {"conv0.running_mean", "conv3.running_var", "conv5.running_mean", "conv0.weight"})
    EXPECT_EQ(array_of(folder.file("whole"), name), array_of(folder.file("first"), name)) << name;
  EXPECT_NE(array_of(folder.file("whole"), "conv3.weight"), array_of(folder.file("first"), "conv3.weight"));

  config.out = folder.file("free");
  config.freeze_statistics = false;
  EXPECT_NE(train(config, data, {}).signature, whole.signature);
  EXPECT_NE(array_of(folder.file("free"), "conv3.running_var"), array_of(folder.file("first"), "conv3.running_var"));

  config.freeze_statistics = true;
  config.threads = 3;
  config.out = folder.file("stopped");
  Stopper stopper;
  stopper.after = 3;
  TrainOptions options;
  options.observer = &stopper;
  options.stop = &stopper.stop;
  EXPECT_TRUE(train(config, data, options).stopped);
  config = read_checkpoint(config.out + "/step-00000003.ckpt").info.config;
  EXPECT_TRUE(config.freeze_statistics);
  stopper.after = 1000;
  EXPECT_EQ(go_on(config, data, stopper).signature, whole.signature);
}

}  // namespace
}  // namespace intrain
