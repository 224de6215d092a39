// Trainings in which the streams of a pre-activation net leave the range that they begin with.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/formats.h"
#include "ops/stream/stream.h"
#include "support/trainer_in_memory.h"

namespace intrain {
namespace {

using test::TrainerInMemory;

// A stream takes the exponent that its running statistics ask for: after a stop, and of any number of threads, the same.
TEST_F(TrainerInMemory, StreamsBecomeWider) {
  TrainConfig config = config_;
  config.model = "resnet8_v2";
  config.lr = 10;
  Trainer whole(config, data_);
  const FitResult expected = whole.fit(silent_);
  const auto widest = [](Trainer& trainer) {
    const int64_t *mean = nullptr, *var = nullptr;
    int exp = kStreamExp;
    for (const StateArray& a : trainer.net().state()) {
      if (a.name == "conv2.running_mean") mean = static_cast<const int64_t*>(a.data);
      if (a.name == "conv2.running_var") var = static_cast<const int64_t*>(a.data);
    }
    for (int c = 0; c < 16; ++c) exp = std::max(exp, ops::stream_exp(mean[c], var[c]));
    return exp;
  };
  EXPECT_GT(widest(whole), kStreamExp);
  config.threads = 3;
  for (const int64_t after : {2, 5, 7}) {
    Trainer first(config, data_);
    test::Stopper stopper;
    stopper.after = after;
    first.fit(stopper, &stopper.stop);
    const Checkpoint state = first.state();
    Trainer second(config, data_, {.resume = &state});
    EXPECT_EQ(second.evaluate(data_.test).logits_hash, first.evaluate(data_.test).logits_hash);
    EXPECT_EQ(second.fit(silent_).signature, expected.signature) << after;
  }
}

}  // namespace
}  // namespace intrain
