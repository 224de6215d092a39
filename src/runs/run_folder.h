// The folder of one training run:
//
//   config.json      the exact configuration
//   metrics.jsonl    one JSON object a line (runs/metrics_file.h): {"type": "start", ...} for each start of the run,
//                    with the machine, {"type": "step", ...} for each step, {"type": "epoch", ...} for each epoch, and
//                    {"type": "numbers", ...} for each kNumbersEvery-th step: for each layer and kind of number (train/tensor_counts.h)
//                    [exponent, share of zeros, share of saturated]
//   audit.jsonl      hashes of the whole state as the run went on (runs/audit_record.h), which runs/audit.h replays
//   epochs.csv       a line for each epoch, beneath one that names the columns
//   events.out.tfevents.*  the same and more for TensorBoard, if asked for (runs/tensorboard.h): one file for each start of the run
//   curve.png        the learning curve, drawn anew after each epoch, where the program draws it (report/curve_picture.h)
//   step-<N>.ckpt    all training state after N steps: the newest ones
//   best.ckpt        all training state after the epoch with the best test accuracy
//   final.ckpt       all training state at the end
//   broken.txt       files of the data that could not be read, a line each; not there if there are none
//   photos.txt       of photos: those that the run began with (runs/photo_list.h)
//
// Every file is at all times the old one or the new one (io/atomic_file.h), but for metrics.jsonl and audit.jsonl, which only grow by whole lines. A run
// that was stopped goes on in its folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "io/append_file.h"
#include "runs/audit_record.h"
#include "runs/photo_list.h"
#include "runs/tensorboard.h"
#include "train/observer.h"
#include "train/tensor_counts.h"

namespace intrain {

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
  // What the run took before it was stopped, as metrics.jsonl tells.
  Elapsed elapsed() const { return earlier_; }

  // broken.txt; takes away what is there if there are none.
  void set_broken(const std::vector<std::string>& files);
  // config.json, if it became another.
  void set_config(const TrainConfig& config);
  void set_photos(const PhotoList& photos);
  // audit.jsonl, before what is added to it.
  void begin_audit(const AuditStart& start);
  void add(const AuditEntry& entry);
  void add(const StartReport& report);
  void add(const StepReport& report);
  void add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated);
  void add(const EpochReport& report);
  // As they are after an epoch: for TensorBoard.
  void add(int64_t step, const std::vector<Parameter*>& parameters);
  // To go on from as step-<N>.ckpt, of which the newest config.keep stay; as best.ckpt; as final.ckpt, which counts as the newest one.
  void save(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use);

 private:
  struct FileDescriptor {
    int fd = -1;
    ~FileDescriptor();
  };
  void lock();
  // The bytes of what is kept.
  int64_t keep_metrics_until(const CheckpointInfo& from, int64_t images_per_step);
  void add_to_csv(const EpochReport& report);
  void keep_newest(int count, int64_t step) const;
  void append(const std::string& line);

  std::string path_;
  int keep_ = 1;
  FileDescriptor lock_;
  AppendFile metrics_;
  AuditWriter audit_;
  Elapsed earlier_;
  bool is_others_ = false;  // another process trains there
  std::string epochs_csv_ = "epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,seconds\n";
  std::unique_ptr<TensorBoardFile> tensorboard_;  // null: not asked for
};

}  // namespace intrain
