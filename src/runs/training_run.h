// A training in its run folder: the Trainer, and what writes down how it goes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/api.h"
#include "data/dataset.h"
#include "settings/config.h"
#include "train/observer.h"
#include "train/trainer.h"

namespace intrain {

struct TrainOptions {
  bool write_folder = true;  // make a run folder (runs/run_folder.h)
  TrainObserver* observer =
      nullptr;  // told after the folder, whose path is plan.config.out in on_start. May be null; several: ObserverList
  std::function<Net(int h, int w, int c, int classes)> build = {};  // TrainerOptions::build
  // Goes on from here, in the folder config.out. May be null. The configuration is the checkpoint's; of it `out` and the settings of the trait
  // kOnResume (settings/setting_list.h) may be others, those of kOfLength as check_length (train/run_length.h) allows.
  const Checkpoint* resume = nullptr;
  const Checkpoint* begin = nullptr;  // TrainerOptions::begin
  // Once it is not 0 the training stops after its step and saves its state; before the first there is none, and an Error. May be null.
  const std::atomic<int>* stop = nullptr;
  // TrainerOptions::runtime. On several ranks the first alone writes the run folder, which all know.
  std::shared_ptr<Runtime> runtime = nullptr;
};

struct TrainResult : FitResult {
  std::string folder;  // empty without one
};

// Trains config.model on `data` for config.epochs. Throws Error as Trainer does, before anything is written; with a run folder, a photo that
// cannot be read any more ends the training with its state saved, and an Error that says how to go on. The data of a run that goes on may lack
// photos since (runs/run_data.h).
INTRAIN_API TrainResult train(const TrainConfig& config, const DataSplits& data, const TrainOptions& options);

// The same as an object, for programs that stop it, look at the net, and go on.
class INTRAIN_API TrainingRun {
 public:
  // `data` must outlive it; checkpoints of the options need to be there for now only. Of the options fit() is given
  // `observer` and its own `stop`.
  TrainingRun(const TrainConfig& config, const DataSplits& data, const TrainOptions& options);
  ~TrainingRun();
  TrainingRun(TrainingRun&&) noexcept;
  TrainingRun& operator=(TrainingRun&&) noexcept;

  // What train() does. After a stop it may be called again, and goes on in the same folder, in which others may train between.
  TrainResult fit(TrainObserver* observer, const std::atomic<int>* stop = nullptr);

  Trainer& trainer();
  // Empty before the first fit() of a run that begins, and without a folder.
  const std::string& folder() const;

 private:
  class FolderWriter;
  class RunObservers;
  class Run;
  std::unique_ptr<Run> run_;
};

}  // namespace intrain
