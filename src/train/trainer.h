// A whole training: data, net, steps, evaluations, checkpoints.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "io/config.h"
#include "train/evaluate.h"
#include "train/observer.h"

namespace intrain {

struct TrainOptions {
  bool write_folder = true;           // make a run folder (train/run_folder.h)
  TrainObserver* observer = nullptr;  // may be null
  // A net of one's own (nn/builder.h) for images of h x w x c; empty: config.model by name, else that is only what it is called.
  std::function<Net(int h, int w, int c, int classes)> build = {};
};

struct TrainResult {
  Evaluation test;            // after the last epoch
  uint64_t signature = 0;     // state_signature at the end
  std::string folder, curve;  // paths; empty without a run folder
  double seconds = 0;         // of training and evaluation
};

// Trains config.model on `data` for config.epochs. Throws Error for a configuration that cannot be (also one that does not fit
// the data, or a model that does not fit the image size), before anything is written. Everything but the folder is a function of
// the configuration without `threads` and `out`, and of the data.
TrainResult train(const TrainConfig& config, const DataSplits& data, const TrainOptions& options);

}  // namespace intrain
