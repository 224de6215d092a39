#include "train/average_in_use.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "support/temp_folder.h"
#include "support/trainer_in_memory.h"
#include "train/trained_net.h"

namespace intrain {
namespace {

using test::expect_error;

class AverageInTraining : public test::TrainerInMemory {};

// The weights are trained as without; what evaluates and what others use is the average of them and of the running statistics, which the state holds.
TEST_F(AverageInTraining, EvaluatesTheAverageOfTheWeights) {
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

TEST_F(AverageInTraining, AnAverageGoesOnToTheSameBits) {
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

// The average lies on 2^-24 whatever the widths, parameters on their own grid.
TEST_F(AverageInTraining, BeginsFromAnAverageOnItsGrid) {
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

}  // namespace
}  // namespace intrain
