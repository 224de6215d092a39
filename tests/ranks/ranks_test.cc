// Whole trainings on several ranks: what comes out is what one process makes, to the last byte.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/local_ranks.h"
#include "data/source.h"
#include "settings/recipe.h"
#include "support/photos.h"
#include "support/rank_training.h"
#include "support/temp_folder.h"
#include "support/training.h"
#include "train/over_ranks.h"
#include "train/trained_net.h"
#include "train/trainer.h"
#include "train/verify.h"

namespace intrain {
namespace {

using test::config_of;
using test::Outcome;
using test::Told;
using test::train_on;

void expect_same_on_all(const TrainConfig& config) {
  const DataSplits data = load_data(config.data);
  const Outcome expected = train_on(1, config, data);
  EXPECT_NE(expected.signature, 0u);
  for (const int ranks : {2, 3, 5, 8}) {
    if (ranks > config.batch) continue;
    const Outcome got = train_on(ranks, config, data);
    EXPECT_EQ(got.signature, expected.signature) << config.model << " on " << ranks;
    EXPECT_EQ(got.logits_hash, expected.logits_hash) << config.model << " on " << ranks;
    EXPECT_EQ(got.checkpoint, expected.checkpoint) << config.model << " on " << ranks;
    EXPECT_EQ(got.told, expected.told) << config.model << " on " << ranks;
    EXPECT_EQ(got.losses, expected.losses) << config.model << " on " << ranks;
  }
}

// Batches of 11 images of 64, and 16 to evaluate, of which the last batch leaves ranks without an image.
TEST(Ranks, Mlp) { expect_same_on_all(config_of("mlp", "synthetic:64", 11)); }
TEST(Ranks, Resnet8) { expect_same_on_all(config_of("resnet8", "synthetic:64", 11)); }
TEST(Ranks, Resnet8V2) { expect_same_on_all(config_of("resnet8_v2", "synthetic:64", 11)); }
TEST(Ranks, MobileNet) {
  TrainConfig config = config_of("mobilenet_v2", "synthetic:20:32", 9);
  config.epochs = 1;
  expect_same_on_all(config);
}

TEST(Ranks, Wageubn) {
  TrainConfig config;
  apply_recipe(config, "wageubn");
  const TrainConfig base = config_of("resnet8_v2", "synthetic:64", 11);
  config.model = base.model;
  config.data = base.data;
  config.batch = base.batch;
  config.epochs = base.epochs;
  config.threads = 1;
  expect_same_on_all(config);
}

TEST(Ranks, Widths) {
  TrainConfig config = config_of("resnet8", "synthetic:64", 11);
  config.widths.w = 6;
  config.widths.a = 7;
  config.widths.e1 = 8;
  config.widths.e2 = 12;
  config.widths.x_hat = 6;
  expect_same_on_all(config);
}

TEST(Ranks, SeveralBatchesAStepThreadsAndOtherImages) {
  TrainConfig config = config_of("resnet8", "synthetic:64", 9);
  config.accumulate = 2;
  config.threads = 2;
  config.balance = true;
  test::augment(config);
  expect_same_on_all(config);
}

// The last rank asks for the stop; the run goes on on another number of them.
TEST(Ranks, StopTogetherAndGoOnOnOthers) {
  TrainConfig config = config_of("resnet8", "synthetic:64", 11);
  config.nesterov = true;
  config.decay = "weights";
  config.average = 2;
  config.schedule = "linear";
  config.restarts = 1;
  const DataSplits data = load_data(config.data);
  const Outcome expected = train_on(1, config, data);
  const Outcome stopped = train_on(3, config, data, 7);
  EXPECT_NE(stopped.signature, expected.signature);
  const Checkpoint state = parse_checkpoint(stopped.checkpoint, "memory");
  EXPECT_EQ(state.info.step, 7);
  EXPECT_EQ(stopped.checkpoint, train_on(1, config, data, 7).checkpoint);
  for (const int ranks : {1, 2, 5}) {
    const Outcome got = train_on(ranks, config, data, INT64_MAX, &state);
    EXPECT_EQ(got.signature, expected.signature);
    EXPECT_EQ(got.logits_hash, expected.logits_hash);
    EXPECT_EQ(got.checkpoint, expected.checkpoint);
  }
}

TEST(Ranks, PublishedSignatures) {
  for (const char* name : {"resnet8", "resnet8_v2", "mlp", "wageubn"})
    for (const int ranks : {2, 3, 5, 8})
      run_local_ranks(ranks, [&](int, std::unique_ptr<Reducer> reducer) {
        const VerifyResult result = run_verify(name, std::make_shared<Runtime>(1, std::move(reducer)));
        EXPECT_EQ(result.signature, result.published) << name << " on " << ranks;
      });
  run_local_ranks(3, [&](int, std::unique_ptr<Reducer> reducer) {
    const VerifyResult result = run_verify("mobilenet_v2", std::make_shared<Runtime>(1, std::move(reducer)));
    EXPECT_EQ(result.signature, result.published);
  });
}

// A photo goes lost that one rank alone would read: all end, after the same step.
TEST(Ranks, APhotoThatGoesAwayEndsAll) {
  const test::TempFolder folder;
  for (const std::string name : {"train/ant/0", "train/ant/1", "train/bee/2", "train/bee/3", "val/ant/4", "val/bee/5"}) {
    const std::string file = folder.file(name + ".png");
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    test::write_bytes(file, test::make_png(16, 16, 3, test::Bytes(16 * 16 * 3, static_cast<uint8_t>(name.back()))));
  }
  TrainConfig config = config_of("mlp", "folder:" + folder.path() + ":16", 2);
  const DataSplits data = load_data(config.data);
  std::filesystem::remove(folder.file("train/bee/3.png"));
  int64_t steps[2] = {-1, -2};
  std::atomic<int> told_elsewhere{0};
  run_local_ranks(2, [&](int rank, std::unique_ptr<Reducer> reducer) {
    Trainer trainer(config, data, {.runtime = std::make_shared<Runtime>(1, std::move(reducer))});
    Told told;
    try {
      trainer.fit(told);
    } catch (const LoadFailure& failure) {
      EXPECT_TRUE(failure.is_saved);
      steps[rank] = failure.step;
      told_elsewhere += failure.is_told_elsewhere ? 1 : 0;
    }
  });
  EXPECT_EQ(steps[0], steps[1]);
  EXPECT_EQ(told_elsewhere, 1);  // the other one tells of its photo
  EXPECT_LT(steps[0], 2);        // of an epoch
}

// Each throws the same, before the first step.
void expect_refused(const std::string& what, const std::function<void(int rank, TrainConfig& config)>& change) {
  int refused = 0;
  std::mutex mutex;
  run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
    TrainConfig config = config_of("mlp", "synthetic:64", 11);
    change(rank, config);
    const DataSplits data = load_data(config.data);
    try {
      Trainer trainer(config, data, {.runtime = std::make_shared<Runtime>(1, std::move(reducer))});
    } catch (const Error& e) {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(std::string(e.what()), what);
      ++refused;
    }
  });
  EXPECT_EQ(refused, what.empty() ? 0 : 3);
}

TEST(Ranks, BeginTheSame) {
  expect_refused("the settings of rank 0 and those of rank 1 are not the same", [](int rank, TrainConfig& config) {
    if (rank == 1) config.weight_decay *= 2;
  });
  expect_refused("the data of rank 0 and those of rank 1, rank 2 are not the same", [](int rank, TrainConfig& config) {
    if (rank > 0) config.data = "synthetic:66";
  });
  expect_refused("", [](int rank, TrainConfig& config) {
    config.out = "run" + std::to_string(rank);
    config.threads = rank + 1;
    config.recompute = 64 * rank;
    config.keep = rank + 1;
  });
}

// Before anything that goes by it: what an audit compares, too.
TEST(Ranks, DataAreMoreThanPixelsAndLabels) {
  const TrainConfig config = config_of("mlp", "synthetic:64", 11);
  const DataSplits data = load_data(config.data);
  const CheckpointInfo right = make_info(config, data, normalization_of(config, data.train));
  const auto refusals_after = [&](const std::function<void(CheckpointInfo & info)>& change) {
    std::atomic<int> refused{0};
    run_local_ranks(2, [&](int rank, std::unique_ptr<Reducer> reducer) {
      CheckpointInfo info = right;
      if (rank == 1) change(info);
      try {
        check_same_data(*reducer, info);
      } catch (const Error& e) {
        EXPECT_STREQ(e.what(), "the data of rank 0 and those of rank 1 are not the same");
        ++refused;
      }
    });
    return refused.load();
  };
  EXPECT_EQ(refusals_after([](CheckpointInfo&) {}), 0);
  EXPECT_EQ(refusals_after([](CheckpointInfo& info) { info.class_names = {"ant", "bee"}; }), 2);
  EXPECT_EQ(refusals_after([](CheckpointInfo& info) { ++info.classes; }), 2);
  EXPECT_EQ(refusals_after([](CheckpointInfo& info) { ++info.h; }), 2);
  EXPECT_EQ(refusals_after([](CheckpointInfo& info) { info.data->test_labels ^= 1; }), 2);
}

// Flips a bit of one rank's state after a step.
struct BitFlip final : TrainObserver {
  Trainer* trainer = nullptr;
  std::string array;
  int64_t after = 0;
  std::vector<int64_t> seen, saved;  // steps
  void on_signature(int64_t step, uint64_t) override { seen.push_back(step); }
  void on_state(const CheckpointInfo& info, const std::vector<StateArray>&, StateUse) override { saved.push_back(info.step); }
  void on_step(const StepReport& r) override {
    if (r.step != after) return;
    for (const StateArray& a : trainer->net().state())
      if (a.name == array) static_cast<uint8_t*>(a.data)[0] ^= 1;
  }
};

// What `faulty` of 3 ranks has flipped is told by all of them, and no checkpoint has it.
void expect_flip_found(int faulty, const std::string& array, int64_t after, const std::string& message, TrainConfig config) {
  const DataSplits data = load_data(config.data);
  std::vector<std::string> told(3);
  std::vector<BitFlip> flips(3);
  run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
    Trainer trainer(config, data, {.runtime = std::make_shared<Runtime>(1, std::move(reducer))});
    BitFlip& flip = flips[static_cast<size_t>(rank)];
    flip.trainer = &trainer;
    flip.array = array;
    flip.after = rank == faulty ? after : 0;
    try {
      trainer.fit(flip);
    } catch (const Error& e) {
      told[static_cast<size_t>(rank)] = e.what();
      EXPECT_FALSE(e.hint.empty());
    }
  });
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(told[static_cast<size_t>(rank)], message);
    for (const int64_t step : flips[static_cast<size_t>(rank)].saved) EXPECT_LT(step, after);
  }
}

TEST(Ranks, AFlippedBitIsFoundAndNamed) {
  TrainConfig config = config_of("resnet8", "synthetic:64", 8);  // 8 steps an epoch
  config.audit_every = 3;
  expect_flip_found(2, "conv3.weight", 4,
                    "the ranks have come apart: after step 6 conv3.weight of rank 2 is not that of the others", config);
  expect_flip_found(0, "linear10.bias.momentum", 7,
                    "the ranks have come apart: after step 8 linear10.bias of rank 0 is not that of the others", config);
  config.save_every = 4;
  expect_flip_found(1, "conv5.running_var", 4,
                    "the ranks have come apart: after step 4 conv5.running_var of rank 1 is not that of the others", config);
}

TEST(Ranks, MoreThanImagesABatchAreRefused) {
  const TrainConfig config = config_of("mlp", "synthetic:64", 2);
  const DataSplits data = load_data(config.data);
  EXPECT_THROW(train_on(3, config, data), Error);
}

}  // namespace
}  // namespace intrain
