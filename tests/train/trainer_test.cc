#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "support/temp_folder.h"
#include "support/trainer_in_memory.h"

namespace intrain {
namespace {

using test::expect_error;
using test::TrainerInMemory;

// From a stop on, too; what is computed again is no part of the state.
TEST_F(TrainerInMemory, TakesLessMemoryWhereItComputesAgain) {
  TrainConfig config = config_;
  config.model = "resnet8";
  Trainer keeps(config, data_);
  const FitResult expected = keeps.fit(silent_);
  config.recompute = 1000;
  Trainer again(config, data_);
  EXPECT_LT(again.net().memory().total_bytes(), keeps.net().memory().total_bytes());
  test::Stopper stopper;
  stopper.after = 3;
  again.fit(stopper, &stopper.stop);
  const Checkpoint state = again.state();
  EXPECT_EQ(again.fit(silent_).signature, expected.signature);
  config.recompute = 0;
  Trainer kept(config, data_, {.resume = &state});
  EXPECT_EQ(kept.net().memory().total_bytes(), keeps.net().memory().total_bytes());
  EXPECT_EQ(kept.fit(silent_).signature, expected.signature);
}

// The W of a momentum of 0, and no state of one.
TEST_F(TrainerInMemory, AStepMayHaveNoMomentum) {
  TrainConfig zero = config_, plain = config_;
  zero.momentum = 0;
  plain.optimizer = "plain";
  Trainer a(zero, data_), b(plain, data_);
  a.fit(silent_);
  b.fit(silent_);
  for (size_t i = 0; i < a.net().parameters().size(); ++i) {
    const Parameter &p = *a.net().parameters()[i], &q = *b.net().parameters()[i];
    EXPECT_TRUE(std::equal(p.master.begin(), p.master.end(), q.master.begin(), q.master.end())) << p.name;
  }
  for (const StateArray& array : b.net().state()) EXPECT_EQ(array.name.find("momentum"), std::string::npos);
  EXPECT_LT(b.net().memory().total_bytes(), a.net().memory().total_bytes());

  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(plain, data_);
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  Trainer second(plain, data_, {.resume = &state});
  EXPECT_EQ(second.fit(silent_).signature, signature_of(b));
}

// After one step they are elsewhere, and nothing else is.
TEST_F(TrainerInMemory, BiasesAloneLearnFaster) {
  TrainConfig config = config_;
  config.model = "resnet8";
  config.epochs = 1;
  config.batch = data_.train.count;
  Trainer slow(config, data_);
  config.bias_lr_log2 = 3;
  Trainer fast(config, data_);
  slow.fit(silent_);
  fast.fit(silent_);
  for (size_t i = 0; i < slow.net().parameters().size(); ++i) {
    const Parameter &a = *slow.net().parameters()[i], &b = *fast.net().parameters()[i];
    const bool is_bias = a.name.ends_with(".beta") || a.name.ends_with(".bias");
    EXPECT_EQ(std::equal(a.master.begin(), a.master.end(), b.master.begin()), !is_bias) << a.name;
  }
}

// Batches of 1, the update every 4 of them: batch norm by the running statistics of another training, which stay.
TEST_F(TrainerInMemory, LearnsFromOneImageAtATime) {
  TrainConfig one = config_;
  one.model = "resnet8";
  Trainer first(one, data_);
  first.fit(silent_);
  one.batch = 1;
  one.accumulate = 4;
  one.epochs = 1;
  one.freeze_statistics = true;
  one.init_from = "the state in memory";
  one.optimizer = "plain";
  const Checkpoint begin = first.state();
  Trainer second(one, data_, {.begin = &begin});
  const FitResult result = second.fit(silent_);
  EXPECT_EQ(result.step, data_.train.count / 4);
  EXPECT_NE(result.signature, state_signature(begin));
  int statistics = 0;
  for (const StateArray& a : second.net().state()) {
    if (a.type != ElementType::kS64) continue;
    ++statistics;
    const auto from = std::find_if(begin.arrays.begin(), begin.arrays.end(), [&](const auto& b) { return b.name == a.name; });
    ASSERT_NE(from, begin.arrays.end());
    EXPECT_EQ(std::memcmp(a.data, begin.bytes.data() + from->offset, static_cast<size_t>(a.count) * 8), 0) << a.name;
  }
  EXPECT_EQ(statistics, 18);  // of 9 convolutions
}

// The same by running statistics that go on, of a new net; a stop in the middle does not show.
TEST_F(TrainerInMemory, NormalizesOneImageAtATime) {
  TrainConfig one = config_;
  one.model = "resnet8";
  one.batch = 1;
  one.accumulate = 4;
  one.epochs = 1;
  one.running_statistics = true;
  const uint64_t expected = Trainer(one, data_).fit(silent_).signature;
  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(one, data_);
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  EXPECT_EQ(Trainer(one, data_, {.resume = &state}).fit(silent_).signature, expected);
  one.running_statistics = false;
  EXPECT_NE(Trainer(one, data_).fit(silent_).signature, expected);
  one.running_statistics = one.freeze_statistics = true;
  one.init_from = "the state in memory";
  expect_error([&] { Trainer(one, data_, {.begin = &state}); }, "cannot both stay and go on", "running_statistics");
}

TEST_F(TrainerInMemory, WritesNothing) {
  const test::TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const FitResult result = Trainer(config_, data_).fit(silent_);
  std::filesystem::current_path(before);
  EXPECT_EQ(result.step, 8);
  EXPECT_EQ(folder.entries(), 0u);
}

// A stop in the middle of an epoch, the state carried over in memory into another Trainer: the same bits at the end.
TEST_F(TrainerInMemory, GoesOnFromAStateInMemory) {
  Trainer whole(config_, data_);
  const uint64_t expected = whole.fit(silent_).signature;

  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(config_, data_);
  const FitResult stopped = first.fit(stopper, &stopper.stop);
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.step, 3);
  const Checkpoint state = first.state();
  EXPECT_EQ(state.info.step, 3);
  EXPECT_EQ(state_signature(state), stopped.signature);

  Trainer second(config_, data_, {.resume = &state});
  EXPECT_EQ(second.steps_done(), 3);
  EXPECT_EQ(second.fit(silent_).signature, expected);
  // And the first one itself goes on.
  EXPECT_EQ(first.fit(silent_).signature, expected);
}

TEST_F(TrainerInMemory, AStepIsTheStepOfTheNet) {
  Trainer a(config_, data_), b(config_, data_);
  const Batch images = batch(0, 16);
  const Metrics metrics = a.step(images);
  EXPECT_EQ(metrics.count, 16);
  EXPECT_EQ(a.steps_done(), 1);
  EXPECT_NE(signature_of(a), signature_of(b));
  b.step(images);
  EXPECT_EQ(signature_of(a), signature_of(b));
  for (int step = 1; step < 8; ++step) a.step(batch(16 * (step % 4), 16));
  expect_error([&] { a.step(images); }, "all 8 steps are done", "");
}

// All of the other's, nothing of it, or some.
TEST_F(TrainerInMemory, AStepTakesImagesOfTwoLabels) {
  const Batch plain = batch(0, 16);
  const auto learned = [&](int share, bool exchange) {
    Batch mixed = plain;
    mixed.other_labels.assign(plain.labels.rbegin(), plain.labels.rend());
    if (exchange) mixed.labels.swap(mixed.other_labels);
    mixed.other_shares.assign(16, share);
    Trainer trainer(config_, data_);
    trainer.step(mixed);
    return signature_of(trainer);
  };
  Trainer trainer(config_, data_);
  trainer.step(plain);
  EXPECT_EQ(learned(0, false), signature_of(trainer));
  EXPECT_EQ(learned(256, true), signature_of(trainer));
  EXPECT_EQ(learned(64, false), learned(192, true));
  EXPECT_NE(learned(64, false), learned(65, false));
}

TEST_F(TrainerInMemory, AStepRefusesWhatItCannotTake) {
  Trainer trainer(config_, data_);
  const uint64_t before = signature_of(trainer);
  expect_error([&] { trainer.step(Batch{}); }, "a batch of 0 images", "");
  expect_error([&] { trainer.step(batch(0, 17)); }, "a batch of 17 images", "");
  Batch wrong = batch(0, 4);
  wrong.labels[2] = 10;
  expect_error([&] { trainer.step(wrong); }, "is no class", "");
  wrong = batch(0, 4);
  wrong.other_labels = {0, 1, 2, 10};
  wrong.other_shares = {0, 0, 256, 0};
  expect_error([&] { trainer.step(wrong); }, "the label 10 is no class", "");
  wrong.other_labels[3] = 9;
  wrong.other_shares[1] = 257;
  expect_error([&] { trainer.step(wrong); }, "a share of 257", "");
  wrong.other_shares.pop_back();
  expect_error([&] { trainer.step(wrong); }, "fewer shares", "");
  wrong = batch(0, 4);
  wrong.images.pop_back();
  expect_error([&] { trainer.step(wrong); }, "fewer pixels", "");
  EXPECT_EQ(signature_of(trainer), before);

  TrainConfig several = config_;
  several.accumulate = 2;
  Trainer other(several, data_);
  expect_error([&] { other.step(batch(0, 4)); }, "a step takes 2 batches", "");
}

TEST_F(TrainerInMemory, EvaluatesAnyImagesOfItsShape) {
  Trainer trainer(config_, data_);
  const FitResult result = trainer.fit(silent_);
  EXPECT_EQ(trainer.evaluate(data_.test).logits_hash, result.test.logits_hash);
  EXPECT_EQ(trainer.evaluate(data_.train).metrics.count, data_.train.count);
  Dataset other = data_.test;
  other.classes = 3;
  expect_error([&] { trainer.evaluate(other); }, "of another number than the net's", "");
  other = data_.test;
  other.labels[3] = 65535;
  expect_error([&] { trainer.evaluate(other); }, "have the label 65535", "data");
}

// A learned statistic is what it would go by, or go on with.
TEST_F(TrainerInMemory, RefusesStatisticsOfANetWithout) {
  TrainConfig config = config_;
  config.model = "mlp";
  config.running_statistics = true;
  expect_error([&] { Trainer(config, data_); }, "no batch norm", "running_statistics");
  config.model = "resnet8";
  EXPECT_NO_THROW(Trainer(config, data_));
}

// A run that becomes shorter has a schedule that a new one could have.
TEST_F(TrainerInMemory, RefusesALengthThatItsScheduleDoesNotFit) {
  TrainConfig config = config_;
  config.restarts = 4;
  config.warmup = 0.75;
  Trainer first(config, data_);
  test::Stopper stopper;
  stopper.after = 2;
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  EXPECT_NO_THROW(Trainer(config, data_, {.resume = &state}));
  config.epochs = 1;
  expect_error([&] { Trainer(config, data_, {.resume = &state}); }, "4 restarts of 1 steps are not possible", "restarts");
}

// The same training; no accuracy is made up.
TEST_F(TrainerInMemory, EvaluatesOnNothingWithoutTestImages) {
  struct Epochs final : TrainObserver {
    int epochs = 0, best = 0;
    void on_epoch(const EpochReport& r) override {
      ++epochs;
      EXPECT_TRUE(std::isnan(r.test_loss) && std::isnan(r.test_accuracy));
      EXPECT_FALSE(r.best);
      EXPECT_TRUE(r.waited >= 0 && r.waited <= 1) << r.waited;
    }
    void on_state(const CheckpointInfo&, const std::vector<StateArray>&, StateUse use) override {
      best += use == StateUse::kBest;
    }
  } epochs;
  DataSplits alone = data_;
  alone.test.count = 0;
  alone.test.images = {};
  alone.test.labels.clear();
  Trainer trainer(config_, alone);
  const FitResult result = trainer.fit(epochs);
  EXPECT_EQ(result.signature, Trainer(config_, data_).fit(silent_).signature);
  EXPECT_EQ(result.test.metrics.count, 0);
  EXPECT_EQ(epochs.epochs, 2);
  EXPECT_EQ(epochs.best, 0);
  const Checkpoint state = trainer.state();
  EXPECT_EQ(Trainer(config_, alone, {.resume = &state}).fit(silent_).signature, result.signature);

  TrainConfig patient = config_;
  patient.patience = 1;
  expect_error([&] { Trainer(patient, alone); }, "there is nothing to evaluate on", "patience 1");
}

TEST_F(TrainerInMemory, IsNotMadeOnceItIsStopped) {
  const std::atomic<int> stop{1};
  expect_error([&] { Trainer(config_, data_, {.stop = &stop}); }, "it was stopped before its end", "");
}

TEST_F(TrainerInMemory, RefusesDataThatDoNotHoldWhatTheySay) {
  const auto refused = [&](const auto& change, const std::string& what) {
    DataSplits data = data_;
    change(data);
    expect_error([&] { Trainer(config_, data); }, what, "");
  };
  refused([](DataSplits& d) { d.train.count = 63; }, "the training images are 63 by their number");
  refused([](DataSplits& d) { d.test.count = 0; }, "a data set without images");
  refused([](DataSplits& d) { d.test.c = 4; }, "images of 12x12x4");
  refused([](DataSplits& d) { d.train.labels.pop_back(); }, "have 63 labels");
  refused([](DataSplits& d) { d.train.labels[5] = 10; }, "have the label 10, but there are 10 classes");
  refused([](DataSplits& d) { d.test.classes = 11; }, "of another size or number of classes");
}

TEST_F(TrainerInMemory, RefusesAugmentationsThatDoNotFitTheImages) {
  const auto refused = [&](const auto& change, bool mirror, const std::string& key) {
    TrainConfig config = config_;
    change(config);
    DataSplits data = data_;
    data.mirror = mirror;
    expect_error([&] { Trainer(config, data); }, "", key);
  };
  refused([](TrainConfig& c) { c.cutout = 13; }, true, "cutout");
  refused([](TrainConfig& c) { c.shift = "12"; }, true, "shift");
  refused([](TrainConfig& c) { c.mirror = "alternate"; }, false, "mirror");
  refused([](TrainConfig& c) { c.test_mirror = true; }, false, "test_mirror");
  refused([](TrainConfig& c) { c.test_shift = 12; }, true, "test_shift");
}

// A border that comes with the net, too: a reflection of images that windows reach beyond.
TEST_F(TrainerInMemory, RefusesTheBorderOfANetThatDoesNotFitTheImages) {
  Checkpoint begin = Trainer(config_, data_).state();
  begin.info.config.border = "reflect";
  TrainConfig config = config_;
  config.init_from = "memory";
  EXPECT_EQ(Trainer(config, data_, {.begin = &begin}).config().border, "reflect");
  DataSplits thin = data_;
  for (Dataset* set : {&thin.train, &thin.test}) {
    set->h = 1;
    set->w = 144;
  }
  expect_error([&] { Trainer(config, thin, {.begin = &begin}); }, "show more than a reflection of images of 1x144", "border");
}

// The caller's own array is read where it lies, and lives as long as anyone reads it.
TEST_F(TrainerInMemory, ReadsPixelsOfAnothersWithoutACopy) {
  const uint64_t expected = Trainer(config_, data_).fit(silent_).signature;
  auto owner = std::make_shared<std::vector<uint8_t>>(data_.train.images.begin(), data_.train.images.end());
  const std::weak_ptr<std::vector<uint8_t>> watch = owner;
  DataSplits data = data_;
  data.train.images = Pixels(owner->data(), owner->size(), owner);
  EXPECT_EQ(data.train.image(0), owner->data());
  owner.reset();
  {
    const DataSplits copy = data;
    data = {};
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(Trainer(config_, copy).fit(silent_).signature, expected);
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace intrain
