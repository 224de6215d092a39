// What a training tells whoever watches: the library itself never prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

struct StepReport {
  int64_t step, total_steps;  // steps done, this one included
  int epoch;                  // from 1
  double loss, accuracy;      // of this batch, before its update; accuracy 0 .. 1
  double rate;                // learning rate
  double images_per_second;   // of this step
  double seconds_left;        // estimate for the whole training, evaluations included
};

struct EpochReport {
  int epoch;  // from 1
  int64_t step;
  double train_loss, train_accuracy;  // means over the epoch's batches
  double test_loss, test_accuracy;
  bool best;
  double images_per_second;  // of the epoch's training steps
  double seconds;            // of training so far, without the time that a stopped run lay still
};

// What a run computes on from a start of it on: the first one, and each that goes on.
struct StartReport {
  int64_t step;  // done before
  std::string version, cpu, isa;
  int threads;
};

struct TrainingPlan {
  TrainConfig config;
  int64_t train_images, test_images, steps_per_epoch, total_steps, parameters;
  int64_t first_step;  // steps done before: not 0 if a stopped run goes on
  std::string isa;
  std::vector<std::string> gone;  // photos of a run that goes on which are not there any more, and what stands in for each
};

class INTRAIN_API TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  // All is checked and nothing written yet: from here on a stop is one that the run goes on from.
  virtual void on_ready() {}
  virtual void on_start(const TrainingPlan&) {}
  virtual void on_step(const StepReport&) {}
  virtual void on_epoch(const EpochReport&) {}
};

}  // namespace intrain
