// Trainings without a folder, on a small net.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "checkpoint/signature.h"
#include "data/source.h"
#include "support/training.h"
#include "train/trainer.h"

namespace intrain::test {

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

}  // namespace intrain::test
