// A training: a net, its data and its place in the run. It writes nothing; who wants a run folder composes it (runs/training_run.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "core/batch.h"
#include "core/error.h"
#include "core/reducer.h"
#include "data/dataset.h"
#include "nn/net.h"
#include "settings/config.h"
#include "train/evaluate.h"
#include "train/metrics.h"
#include "train/observer.h"

namespace intrain {

struct TrainerOptions {
  // A net of one's own (nn/builder.h) for images of h x w x c; empty: config.model by name, else that is only what it is called.
  std::function<Net(int h, int w, int c, int classes)> build = {};
  // Goes on from here and ends as the run would have without a stop; only while the Trainer is made. May be null.
  const Checkpoint* resume = nullptr;
  // What a training that does not go on begins with, in place of the file config.init_from, which then only tells people where it is from and
  // may not be empty; only while the Trainer is made. May be null.
  const Checkpoint* begin = nullptr;
  // Of a run that goes on: the training images are not all those that it began with, and do not tell the scaling of its pixels.
  bool images_are_gone = false;
  // What it computes with; null: one of config.threads threads.
  std::shared_ptr<Runtime> runtime = nullptr;
  // Once it is not 0 the constructor ends with an Error, between two of its parts. May be null.
  const std::atomic<int>* stop = nullptr;
};

struct FitResult {
  Evaluation test;         // after the last epoch
  uint64_t signature = 0;  // state_signature at the end
  bool stopped = false;    // before the end; then `test` is of the last epoch that was evaluated in this call
  int64_t step = 0;        // done
  double seconds = 0;      // of training and evaluation, with what went before a stop
};

// An image could not be loaded any more. The net's state is that after `step` steps, and the observer has it if it `is_saved`.
struct LoadFailure : Error {
  LoadFailure(const Error& error, int64_t after, bool saved)
      : Error(error), step(after), is_saved(saved), is_told_elsewhere(dynamic_cast<const ToldElsewhere*>(&error) != nullptr) {}
  // Throws `told`, what its caller has to say of it, as ToldElsewhere where another rank tells.
  [[noreturn]] void throw_as(const Error& told) const {
    if (is_told_elsewhere) throw ToldElsewhere(told.what(), Setting{told.setting, told.where}, told.hint);
    throw told;
  }
  int64_t step;
  bool is_saved;
  bool is_told_elsewhere;  // by the rank whose image it is
};

class INTRAIN_API Trainer {
 public:
  // The net of config.model for data's images, as config.seed, config.init_from or the run that goes on has it. `data` must outlive it. Throws
  // Error for a configuration that cannot be, that does not fit the data or a model that does not fit the image size, and if `resume` does not
  // fit the data or the net. All that is computed is a function of the data and of the configuration, without `out` and what the traits
  // kOnResume, and not kOfLength, say (settings/setting_list.h): however often the run was stopped.
  Trainer(const TrainConfig& config, const DataSplits& data, const TrainerOptions& options = {});
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  // What is left of config.epochs. Once *stop is not 0 it ends after the step and hands out its state; it may be called again. Throws
  // LoadFailure for an image that cannot be read any more.
  FitResult fit(TrainObserver& observer, const std::atomic<int>* stop = nullptr);

  // One step on images of the caller's, 1 .. config.batch, with the learning rate that is due: forward, backward, update. Their metrics before
  // the update. Throws Error for a batch of another size or with labels that are no classes, with config.accumulate above 1, and after the
  // last step.
  Metrics step(const Batch& batch);

  // On images of the net's shape. Throws Error for others.
  Evaluation evaluate(const Dataset& set, const std::atomic<int>* stop = nullptr);

  // All of it, as a file holds it: what read_checkpoint would read of on_state's. Others go on from it by TrainerOptions::resume.
  Checkpoint state();

  Net& net();
  // With what was taken from the checkpoint that it began with.
  const TrainConfig& config() const;
  const Normalization& normalization() const;
  int64_t steps_done() const;
  TrainingPlan plan() const;

 private:
  class Training;
  std::unique_ptr<Training> training_;
};

// Of all batches that are loaded, those before the first of step `step`: what does not fill a step at an epoch's end is passed over. There are
// `train_count` images, enough for a step.
INTRAIN_API int64_t batches_before(const TrainConfig& config, int64_t train_count, int64_t step);

}  // namespace intrain
