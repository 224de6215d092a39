// The folder of one training run:
//
//   config.json      the exact configuration
//   metrics.jsonl    one JSON object a line: {"type": "step", ...} for each step, {"type": "epoch", ...} for each epoch, and
//                    {"type": "numbers", ...} for each kNumbersEvery-th step: for each layer and kind of number (train/numbers.h)
//                    [exponent, share of zeros, share of saturated]
//   curve.png        the learning curve, drawn anew after each epoch
//   best.ckpt        all training state after the epoch with the best test accuracy
//   final.ckpt       all training state at the end
#pragma once

#include <string>

#include "io/checkpoint.h"
#include "train/curve.h"
#include "train/numbers.h"
#include "train/observer.h"

namespace intrain {

class RunFolder {
 public:
  // Makes config.out, or the first free runs/<data>-<model>-<n> if that is empty (runs that start together get one each), and
  // writes config.json. Throws Error if the folder cannot be made or already holds a run; what was made before the failure is
  // removed again.
  explicit RunFolder(const TrainConfig& config);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string curve_path() const { return path_ + "/curve.png"; }

  void add(const StepReport& report);
  void add(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated);
  // Also draws the curve.
  void add(const EpochReport& report);
  void save_best(const CheckpointInfo& info, const std::vector<StateArray>& state);
  void save_final(const CheckpointInfo& info, const std::vector<StateArray>& state);

 private:
  void append_line(const std::string& line);

  std::string path_;
  int metrics_fd_ = -1;
  int64_t metrics_bytes_ = 0;  // whole lines written
  Curve curve_;
};

}  // namespace intrain
