// What a training tells whoever watches: the library itself never prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "core/parameter.h"
#include "nn/state.h"
#include "settings/config.h"
#include "train/tensor_numbers.h"

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
  double test_loss, test_accuracy;    // NaN without test images
  bool best;                          // and false
  double images_per_second;           // of the epoch's training steps
  double seconds;                     // of training so far, without the time that a stopped run lay still
  // Share of the time of the epoch's training steps since the last start that they waited for images to be loaded: 0 .. 1. On several ranks it
  // includes waiting for the slowest.
  double waited = 0;
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
  // With a run folder (runs/training_run.h): photos of a run that goes on which are not there any more, and what stands in for each.
  std::vector<std::string> gone;
};

// What a run took before it was stopped: all of it, and the training steps of its unfinished epoch.
struct Elapsed {
  double seconds = 0, epoch_seconds = 0;
};

// Why a state is handed out: to go on from it, as the best one so far, or as the last.
enum class StateUse { kResume, kBest, kFinal };

// In the order in which they come. What they throw ends the training.
class INTRAIN_API TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  // All is checked: from here on a stop is one that the run goes on from.
  virtual void on_ready() {}
  virtual void on_start(const TrainingPlan&) {}
  // Asked after on_start: of a run that goes on, for its reports.
  virtual Elapsed elapsed() const { return {}; }
  virtual void on_step(const StepReport&) {}
  // Whether on_numbers is wanted: one step in kNumbersEvery is looked at then.
  virtual bool wants_numbers() const { return false; }
  // layers: in the order of the net. stored_saturated: stored parameters at the end of their format.
  virtual void on_numbers(int64_t /*step*/, const std::vector<LayerNumbers>& /*layers*/, int64_t /*stored_saturated*/) {}
  // state_signature of the whole state, the same on all ranks: at the start, every config.audit_every steps, after the last step of each epoch.
  virtual void on_signature(int64_t /*step*/, uint64_t /*signature*/) {}
  // As they are after an epoch, before its on_epoch.
  virtual void on_parameters(int64_t /*step*/, const std::vector<Parameter*>&) {}
  virtual void on_epoch(const EpochReport&) {}
  // All that a checkpoint holds: at the start, every config.save_every steps, after each epoch, after a stop, at the end.
  virtual void on_state(const CheckpointInfo&, const std::vector<StateArray>&, StateUse) {}
};

// Several, told in their order; elapsed() is the first's that knows it.
class INTRAIN_API ObserverList : public TrainObserver {
 public:
  // They must outlive it; those that are null are left out.
  explicit ObserverList(std::vector<TrainObserver*> observers);

  void on_ready() override;
  void on_start(const TrainingPlan& plan) override;
  Elapsed elapsed() const override;
  void on_step(const StepReport& report) override;
  bool wants_numbers() const override;
  void on_numbers(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) override;
  void on_signature(int64_t step, uint64_t signature) override;
  void on_parameters(int64_t step, const std::vector<Parameter*>& parameters) override;
  void on_epoch(const EpochReport& report) override;
  void on_state(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use) override;

 private:
  std::vector<TrainObserver*> observers_;
};

}  // namespace intrain
