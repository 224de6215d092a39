#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <span>

#include "checkpoint/signature.h"
#include "data/source.h"
#include "data/whitening.h"
#include "nn/builder.h"
#include "settings/recipe.h"
#include "support/temp_folder.h"
#include "support/training.h"
#include "train/step.h"
#include "train/trained_net.h"
#include "train/whiten.h"

namespace intrain {
namespace {

using test::expect_error;
using test::small_config;

// 2 epochs of 4 steps, without a folder.
class TrainerInMemory : public testing::Test {
 protected:
  uint64_t signature_of(Trainer& trainer) const { return state_signature(trainer.net().state(), trainer.steps_done()); }
  Batch batch(int first, int count) const {
    Batch batch;
    batch.count = count;
    for (int i = first; i < first + count; ++i) {
      const uint8_t* pixels = data_.train.image(i);
      for (int64_t j = 0; j < data_.train.image_size(); ++j) batch.images.push_back(static_cast<int8_t>(pixels[j] >> 1));
      batch.labels.push_back(data_.train.labels[static_cast<size_t>(i)]);
    }
    return batch;
  }

  const TrainConfig config_ = small_config("");
  const DataSplits data_ = load_data(config_.data);
  TrainObserver silent_;
};

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

// The weights are trained as without; what evaluates and what others use is the average of them and of the running statistics, which the state holds.
TEST_F(TrainerInMemory, EvaluatesTheAverageOfTheWeights) {
  TrainConfig without = config_;
  without.model = "resnet8";
  without.freeze = {"conv0.gamma"};
  without.logit_shift = 1;
  TrainConfig with = without;
  with.average = 3;
  Trainer a(without, data_), b(with, data_);
  const FitResult plain = a.fit(silent_), averaged = b.fit(silent_);
  EXPECT_NE(averaged.test.logits_hash, plain.test.logits_hash);
  EXPECT_NE(averaged.signature, plain.signature) << "the average is part of the state";
  EXPECT_GT(b.net().memory().total_bytes(), a.net().memory().total_bytes());
  size_t averages = 0;
  const std::vector<StateArray> trained = a.net().state();
  for (const StateArray& array : b.net().state()) {
    averages += array.name.ends_with(".average") ? 1 : 0;
    const auto same = std::find_if(trained.begin(), trained.end(), [&](const StateArray& s) { return s.name == array.name; });
    if (same == trained.end()) continue;
    EXPECT_EQ(std::memcmp(array.data, same->data, static_cast<size_t>(array.count * element_bytes(array.type))), 0) << array.name;
  }
  EXPECT_EQ(averages, a.net().parameters().size() - 1 + 18) << "but for the frozen one; and of 9 batch norms";
  EXPECT_EQ(b.evaluate(data_.test).logits_hash, averaged.test.logits_hash);

  // Numbers are exchanged, not their places, which others may know.
  const Parameter& swapped = *b.net().parameters().front();
  const std::span<int32_t> place = swapped.master;
  const std::vector<int32_t> learned(place.begin(), place.end());
  b.net().swap_average();
  EXPECT_EQ(swapped.master.data(), place.data());
  EXPECT_TRUE(std::equal(learned.begin(), learned.end(), swapped.average.begin()));
  EXPECT_FALSE(std::equal(learned.begin(), learned.end(), place.begin()));
  b.net().swap_average();

  const Checkpoint state = b.state();
  const Normalization norm = normalization_of(state);
  TrainedNet used(state, with.batch, false, 2), goes_on(state, with.batch, true, 1);
  const auto evaluated = [&](Net& net) {
    Loader loader(data_.test, norm, {.batch = with.batch});
    return evaluate(net, loader).logits_hash;
  };
  EXPECT_EQ(evaluated(used.net), averaged.test.logits_hash);
  Loader again(data_.test, norm, {.batch = with.batch});
  EXPECT_EQ(evaluate(used.net, again).metrics.loss, averaged.test.metrics.loss) << "its logits are scaled as in training";
  EXPECT_EQ(evaluated(goes_on.net), plain.test.logits_hash);

  TrainConfig begins = without;
  begins.init_from = "the state in memory";
  Trainer from_average(begins, data_, {.begin = &state});
  EXPECT_EQ(evaluated(from_average.net()), averaged.test.logits_hash);
}

TEST_F(TrainerInMemory, AnAverageGoesOnToTheSameBits) {
  TrainConfig config = config_;
  config.model = "resnet8";
  config.average = 2;
  config.nesterov = true;
  config.decay = "weights";
  config.bias_lr_log2 = 2;
  config.schedule = "linear";
  config.warmup = 0.5;
  config.restarts = 1;
  config.epochs = 3;
  const FitResult expected = Trainer(config, data_).fit(silent_);
  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(config, data_);
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  config.threads = 3;
  const FitResult resumed = Trainer(config, data_, {.resume = &state}).fit(silent_);
  EXPECT_EQ(resumed.signature, expected.signature);
  EXPECT_EQ(resumed.test.logits_hash, expected.test.logits_hash);
  for (const auto& change : std::vector<std::function<void(TrainConfig&)>>{
           [](TrainConfig& c) { c.nesterov = false; }, [](TrainConfig& c) { c.decay = "all"; },
           [](TrainConfig& c) { c.bias_lr_log2 = 1; }, [](TrainConfig& c) { c.restarts = 0; },
           [](TrainConfig& c) { c.warmup = 0.25; }, [](TrainConfig& c) { c.average = 1; },
           [](TrainConfig& c) { c.logit_shift = 1; }}) {
    TrainConfig other = config;
    change(other);
    EXPECT_NE(Trainer(other, data_).fit(silent_).signature, expected.signature);
  }
  Trainer without(config_, data_);
  expect_error([&] { without.net().update_average(3, 1, 0); }, "keeps no average", "average");
  expect_error([&] { without.net().update_average(17, 1, 0); }, "shift 17", "average");
  expect_error([&] { without.net().keep_average(true); }, "prepared already", "average");
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

// Each filter that has a channel of its number is 1 there; the others, and other shapes, begin as ever.
TEST_F(TrainerInMemory, BeginsWithTheIdentity) {
  TrainConfig config = config_;
  config.model = "resnet8";
  Trainer drawn(config, data_);
  config.identity = true;
  Trainer trainer(config, data_);
  int filters = 0;
  for (size_t i = 0; i < trainer.net().parameters().size(); ++i) {
    const Parameter &p = *trainer.net().parameters()[i], &before = *drawn.net().parameters()[i];
    const bool is_convolution = p.shape.size() == 4;
    const int64_t inputs = is_convolution ? p.shape[3] : 0, filter = p.count() / p.shape[0];
    for (int64_t at = 0; at < p.count(); ++at) {
      const int64_t k = at / filter, tap = is_convolution ? at % filter / inputs : 0, c = is_convolution ? at % inputs : 0;
      const int32_t begun = p.master[static_cast<size_t>(at)];
      if (is_convolution && k < inputs) {
        const bool is_one = c == k && tap == p.shape[1] * p.shape[2] / 2;
        EXPECT_EQ(begun, is_one ? 1 << 24 : 0) << p.name << " " << at;
        filters += is_one ? 1 : 0;
      } else {
        EXPECT_EQ(begun, before.master[static_cast<size_t>(at)]) << p.name << " " << at;
      }
    }
  }
  EXPECT_GT(filters, 16);
  config.model = "mlp";
  expect_error([&] { Trainer(config, data_); }, "no convolution of one group", "identity");
  config.model = "resnet8";
  const uint64_t signature = trainer.fit(silent_).signature;
  EXPECT_EQ(Trainer(config, data_).fit(silent_).signature, signature);
}

// The first layer's outputs have no second moments between them, from the beginning to the end and over a stop.
TEST_F(TrainerInMemory, WhitensInItsFirstLayer) {
  TrainConfig config = config_;
  config.whiten = true;
  const auto net_of = [](int filters) {
    return [filters](int h, int w, int c, int classes) {
      NetBuilder net(h, w, c, classes);
      return net.linear_logits(net.global_average_pool(net.conv_bn_relu(net.input(), {.k = filters, .size = 2})));
    };
  };
  Trainer whole(config, data_, {.build = net_of(8)});
  const FitResult expected = whole.fit(silent_);
  const Parameter& filters = *whole.net().parameters().front();
  EXPECT_TRUE(filters.frozen);
  const std::vector<int64_t> moments = patch_moments(data_.train, whole.normalization(), 2, 2);
  const auto moment = [&](size_t p, size_t q) {
    double sum = 0;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j)
        sum += std::ldexp(filters.master[p * 4 + i], -24) * static_cast<double>(moments[i * 4 + j]) *
               std::ldexp(filters.master[q * 4 + j], -24);
    return sum;
  };
  for (size_t p = 0; p < 4; ++p) {
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(filters.master[16 + 4 * p + i], -filters.master[4 * p + i]);
    for (size_t q = 0; q < p; ++q) {
      EXPECT_LT(std::fabs(moment(p, q)), moment(0, 0) * 1e-5);
      EXPECT_LE(moment(p, p), moment(q, q) * (1 + 1e-5)) << "the largest first";
    }
  }
  EXPECT_GT(moment(3, 3), moment(0, 0) * 1e-4) << "the bound says something";

  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(config, data_, {.build = net_of(8)});
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  Trainer second(config, data_, {.build = net_of(8), .resume = &state});
  EXPECT_EQ(second.fit(silent_).signature, expected.signature);

  expect_error([&] { Trainer(config, data_, {.build = net_of(9)}); }, "9 filters of 2x2 pixels", "whiten");
  expect_error([&] { Trainer(config, data_); }, "no convolution of all channels", "whiten");
  const std::atomic<int> stop{1};
  expect_error([&] { whiten_first_layer(first.net(), data_.train, first.normalization(), &stop); }, "stopped", "");

  // Another run takes the filters as they are, of whatever images it has.
  DataSplits others = data_;
  others.train.images = Pixels(std::vector<uint8_t>(static_cast<size_t>(data_.train.count * data_.train.image_size()), 9));
  config.init_from = "the state in memory";
  Trainer third(config, others, {.build = net_of(8), .begin = &state});
  third.fit(silent_);
  const Parameter& kept = *third.net().parameters().front();
  EXPECT_TRUE(kept.frozen);
  EXPECT_TRUE(std::equal(kept.master.begin(), kept.master.end(), filters.master.begin(), filters.master.end()));
}

// A channel that is the same everywhere is an eigenvector by itself, of length 1: more than WAGEUBN's stored W holds.
TEST_F(TrainerInMemory, WhitensWithinTheStoredWeights) {
  TrainConfig config = config_;
  apply_recipe(config, "wageubn");
  config.whiten = true;
  DataSplits data = data_;
  for (Dataset* set : {&data.train, &data.test}) {
    std::vector<uint8_t> pixels;
    for (int64_t i = 0; i < set->count * set->image_size(); ++i) pixels.insert(pixels.end(), {set->image(0)[i], 7});
    set->images = Pixels(std::move(pixels));
    set->c = 2;
  }
  const auto build = [](int h, int w, int c, int classes) {
    NetBuilder net(h, w, c, classes);
    return net.linear_logits(net.global_average_pool(net.conv_bn_relu(net.input(), {.k = 16, .size = 2})));
  };
  Trainer first(config, data, {.build = build});
  const Parameter& filters = *first.net().parameters().front();
  EXPECT_EQ(*std::max_element(filters.master.begin(), filters.master.end()), (1 << 24) - 2);
  const Checkpoint state = first.state();
  const FitResult expected = first.fit(silent_);
  Trainer second(config, data, {.build = build, .resume = &state});
  EXPECT_EQ(second.fit(silent_).signature, expected.signature);
}

// The average lies on 2^-24 whatever the widths, parameters on their own grid.
TEST_F(TrainerInMemory, BeginsFromAnAverageOnItsGrid) {
  TrainConfig config = config_;
  config.widths.w_stored = 24;
  config.average = 3;
  Trainer first(config, data_);
  first.fit(silent_);
  const Checkpoint state = first.state();
  const auto off_grid = [](std::span<const int32_t> numbers) {
    return std::count_if(numbers.begin(), numbers.end(), [](int32_t w) { return w % 256 != 0; });
  };
  const Parameter& learned = *first.net().parameters().front();
  EXPECT_GT(off_grid(learned.average), 0);
  config.init_from = "the state in memory";
  Trainer second(config, data_, {.begin = &state});
  const Parameter& begun = *second.net().parameters().front();
  EXPECT_EQ(off_grid(begun.master), 0);
  for (size_t i = 0; i < begun.master.size(); ++i) ASSERT_LE(std::abs(begun.master[i] - learned.average[i]), 128);
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
