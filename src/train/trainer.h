// A whole training: data, net, steps, evaluations, checkpoints.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "settings/config.h"
#include "train/evaluate.h"
#include "train/observer.h"

namespace intrain {

struct TrainOptions {
  bool write_folder = true;           // make a run folder (runs/run_folder.h)
  TrainObserver* observer = nullptr;  // may be null
  // A net of one's own (nn/builder.h) for images of h x w x c; empty: config.model by name, else that is only what it is called.
  std::function<Net(int h, int w, int c, int classes)> build = {};
  // Goes on from here, in the folder config.out, and ends as the run would have without a stop. May be null. The configuration is the
  // checkpoint's; of it data, threads, out, save_every and keep may be others, epochs and patience as check_length (train/run_length.h) allows.
  const Checkpoint* resume = nullptr;
  // Once it is not 0 the training stops after its step and saves its state. May be null.
  const std::atomic<int>* stop = nullptr;
};

struct TrainResult {
  Evaluation test;            // after the last epoch
  uint64_t signature = 0;     // state_signature at the end
  bool stopped = false;       // before the end; then `test` is of the last epoch that was evaluated in this call
  int64_t step = 0;           // done
  std::string folder, curve;  // paths; empty without a run folder
  double seconds = 0;         // of training and evaluation, with what went before a stop
};

// Trains config.model on `data` for config.epochs. Throws Error for a configuration that cannot be (also one that does not fit
// the data, or a model that does not fit the image size), before anything is written. Everything but the folder is a function of
// the configuration without `threads`, `out`, `save_every` and `keep`, and of the data: however often the run was stopped.
// Throws Error if `resume` does not fit the data or the net. With a run folder, a photo that cannot be read any more ends the training with its
// state saved, and an Error that says how to go on.
INTRAIN_API TrainResult train(const TrainConfig& config, const DataSplits& data, const TrainOptions& options);

// Of all batches that are loaded, those before the first of step `step`: what does not fill a step at an epoch's end is passed over. There are
// `train_count` images, enough for a step.
INTRAIN_API int64_t batches_before(const TrainConfig& config, int64_t train_count, int64_t step);

}  // namespace intrain
