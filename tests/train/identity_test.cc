#include "train/identity.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "support/temp_folder.h"
#include "support/trainer_in_memory.h"

namespace intrain {
namespace {

using test::expect_error;

class Identity : public test::TrainerInMemory {};

// Each filter that has a channel of its number is 1 there; the others, and other shapes, begin as ever.
TEST_F(Identity, BeginsWithTheIdentity) {
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

}  // namespace
}  // namespace intrain
