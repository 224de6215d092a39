// The folder of one training run:
//
//   config.json      the exact configuration
//   metrics.jsonl    one JSON object a line (runs/metrics_file.h): {"type": "start", ...} for each start of the run,
//                    with the machine, {"type": "step", ...} for each step, {"type": "epoch", ...} for each epoch, and
//                    {"type": "numbers", ...} for each kNumbersEvery-th step: for each layer and kind of number (train/tensor_counts.h)
//                    [exponent, share of zeros, share of saturated]
//   epochs.csv       a line for each epoch, beneath one that names the columns
//   events.out.tfevents.*  the same and more for TensorBoard, if asked for (runs/tensorboard.h): one file for each start of the run
//   curve.png        the learning curve, drawn anew after each epoch
//   step-<N>.ckpt    all training state after N steps: the newest ones
//   best.ckpt        all training state after the epoch with the best test accuracy
//   final.ckpt       all training state at the end
//   broken.txt       files of the data that could not be read, a line each; not there if there are none
//   photos.txt       of photos: those that the run began with (runs/photo_list.h)
//
// Every file is at all times the old one or the new one (io/atomic_file.h), but for metrics.jsonl, which only grows by whole lines. A run
// that was stopped goes on in its folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "report/draw/learning_curve.h"
#include "runs/photo_list.h"
#include "runs/tensorboard.h"
#include "train/observer.h"
#include "train/tensor_counts.h"

namespace intrain {

constexpr const char* kPhotos = "photos.txt";

// The newest checkpoint of a run folder that is whole, and those newer than it that are not, one line each.
struct ResumePoint {
  Checkpoint checkpoint;
  std::vector<std::string> damaged;
};
// Throws Error if there is none.
ResumePoint find_resume_point(const std::string& folder);

// Throws Error unless `folder` is one whose files can be looked at.
void check_run_folder(const std::string& folder, const std::string& where, const std::string& hint);

// Throws Error, naming the settings, if config.json of the run folder was edited: holds what is neither in `then`, as the newest checkpoint has it,
// nor in `now`, which the run goes on with, but for what may be another each time that it does. The file may be missing.
void check_config_file(const std::string& folder, const TrainConfig& then, const TrainConfig& now);

class RunFolder {
 public:
  // Makes config.out, or the first free runs/<data>-<model>-<n> if that is empty (runs that start together get one each), and
  // writes config.json. Throws Error if the folder cannot be made or already holds a run; what was made before the failure is
  // removed again.
  explicit RunFolder(const TrainConfig& config);
  // Goes on in config.out, which holds the run of `from`: what metrics.jsonl tells of later steps and epochs is taken out, and files that
  // a killed process left half-written are removed. Throws Error if another process trains there.
  RunFolder(const TrainConfig& config, const CheckpointInfo& from);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string curve_path() const { return path_ + "/curve.png"; }
  // What the run took before it was stopped, as metrics.jsonl tells: all of it, and the training steps of its unfinished epoch.
  double earlier_seconds() const { return earlier_seconds_; }
  double earlier_epoch_seconds() const { return earlier_epoch_seconds_; }

  // broken.txt; takes away what is there if there are none.
  void set_broken(const std::vector<std::string>& files);
  // config.json, if it became another.
  void set_config(const TrainConfig& config);
  void set_photos(const PhotoList& photos);
  void add(const StartReport& report);
  void add(const StepReport& report);
  void add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated);
  // Also draws the curve. parameters: as they are after the epoch.
  void add(const EpochReport& report, const std::vector<Parameter*>& parameters);
  // As step-<N>.ckpt. Of these the newest config.keep stay.
  void save(const CheckpointInfo& info, const std::vector<StateArray>& state);
  void save_best(const CheckpointInfo& info, const std::vector<StateArray>& state);
  // Counts as the newest one.
  void save_final(const CheckpointInfo& info, const std::vector<StateArray>& state);

 private:
  struct FileDescriptor {
    int fd = -1;
    ~FileDescriptor();
  };
  void lock();
  void open_metrics(int flags);
  void keep_metrics_until(const CheckpointInfo& from, int64_t images_per_step);
  void add_to_csv(const EpochReport& report);
  void keep_newest(int count, int64_t step) const;
  void append(const std::string& line);

  std::string path_;
  int keep_ = 1;
  FileDescriptor lock_, metrics_;
  double earlier_seconds_ = 0, earlier_epoch_seconds_ = 0;
  int64_t metrics_bytes_ = 0;  // whole lines written
  bool is_others_ = false;     // another process trains there
  std::string epochs_csv_ = "epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,seconds\n";
  std::unique_ptr<TensorBoardFile> tensorboard_;  // null: not asked for
  Curve curve_;
};

}  // namespace intrain
