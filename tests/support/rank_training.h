// Trainings on ranks that are threads, and what comes out.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/local_ranks.h"
#include "data/dataset.h"
#include "train/trainer.h"

namespace intrain::test {

// All that a training tells, but for times.
struct Told final : TrainObserver {
  std::vector<double> numbers;
  std::atomic<int> stop{0};
  int64_t stop_after = INT64_MAX;
  bool wants = false;

  bool wants_numbers() const override { return wants; }
  void on_step(const StepReport& r) override {
    numbers.insert(numbers.end(), {static_cast<double>(r.step), r.loss, r.accuracy, r.rate});
    if (r.step >= stop_after) stop = 1;
  }
  void on_numbers(int64_t, const std::vector<LayerNumbers>& layers, int64_t saturated) override {
    numbers.push_back(static_cast<double>(saturated));
    for (const LayerNumbers& layer : layers)
      for (const TensorNumbers& t : layer.tensor)
        for (const int64_t v : {t.count, t.zeros, t.saturated, int64_t{t.exp}}) numbers.push_back(static_cast<double>(v));
  }
  void on_epoch(const EpochReport& r) override {
    numbers.insert(numbers.end(), {r.train_loss, r.train_accuracy, r.test_loss, r.test_accuracy, r.best ? 1.0 : 0.0});
  }
};

struct Outcome {
  uint64_t signature = 0, logits_hash = 0;
  std::vector<uint8_t> checkpoint;
  std::vector<double> told, losses;
  bool operator==(const Outcome&) const = default;
};

// On each of the ranks the same, else the test fails. Rank 0 alone looks at numbers, and has the flag for a stop.
inline Outcome train_on(int ranks, const TrainConfig& config, const DataSplits& data, int64_t stop_after = INT64_MAX,
                        const Checkpoint* resume = nullptr) {
  std::vector<Outcome> all(static_cast<size_t>(ranks));
  run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) {
    const auto runtime = std::make_shared<Runtime>(config.threads, std::move(reducer));
    Trainer trainer(config, data, {.resume = resume, .runtime = runtime});
    Told told;
    told.wants = rank == 0;
    told.stop_after = rank == ranks - 1 ? stop_after : INT64_MAX;
    const FitResult result = trainer.fit(told, &told.stop);
    Outcome& mine = all[static_cast<size_t>(rank)];
    mine = {result.signature, result.test.logits_hash, trainer.state().bytes, told.numbers, result.test.losses};
  });
  for (const Outcome& other : all) EXPECT_TRUE(other == all[0]);
  return all[0];
}

inline TrainConfig config_of(const std::string& model, const std::string& data, int batch) {
  TrainConfig config;
  config.model = model;
  config.data = data;
  config.batch = batch;
  config.epochs = 2;
  config.threads = 1;
  return config;
}

}  // namespace intrain::test
