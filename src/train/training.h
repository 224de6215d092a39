// The loop of a training, from a net that is ready to begin or to go on. Trainer (train/trainer.h) makes and owns it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "data/loader.h"
#include "optim/schedule.h"
#include "train/statistics_copy.h"
#include "train/step.h"
#include "train/tensor_counts.h"
#include "train/trainer.h"

namespace intrain {

class Trainer::Training {
 public:
  // The net with what it learns on, and all it needs to.
  struct Parts {
    TrainConfig config;
    Net net;
    Normalization norm;
  };
  // resume: of the run that goes on, whose state the net takes; null for a new one.
  Training(Parts parts, const DataSplits& data, const Checkpoint* resume);
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  FitResult fit(TrainObserver& observer, const std::atomic<int>* stop);
  Metrics step(const Batch& batch);
  Evaluation evaluate(const Dataset& set, const std::atomic<int>* stop);
  // As they are now, for a checkpoint.
  const CheckpointInfo& info();
  TrainingPlan plan() const;
  Parts& parts() { return parts_; }
  int64_t steps_done() const { return step_; }

 private:
  class Loop;
  int64_t batches_before(int64_t step) const { return intrain::batches_before(config_, data_.train.count, step); }
  bool finished() const;
  Reducer& reducer() const { return net_.runtime().reducer(); }
  LoaderOptions evaluation_loader() const {
    return {.batch = config_.batch, .threads = config_.threads, .rank = reducer().rank(), .ranks = reducer().ranks()};
  }
  // Before the step that is due.
  void begin_step();
  void end_step();                             // after it
  Metrics measured(const Batch& batch) const;  // over all ranks

  Parts parts_;
  const TrainConfig& config_;
  Net& net_;
  const DataSplits& data_;
  const int64_t per_epoch_;  // steps
  const Schedule schedule_;
  SgdStep sgd_;
  CheckpointInfo info_;
  int64_t step_ = 0;              // done
  bool is_other_length_ = false;  // than that of the run that goes on
  Metrics epoch_sum_;             // of the epoch so far
  AccumulatedStep accumulated_;
  StatisticsCopy statistics_;
};

}  // namespace intrain
