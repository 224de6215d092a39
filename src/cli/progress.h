// Progress of a training for a person who watches: a bar on a terminal, else plain lines now and then.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "train/metrics.h"
#include "train/observer.h"

namespace intrain::cli {

class Progress final : public TrainObserver {
 public:
  // Writes to `out`, which stays the caller's. terminal: whether `out` is one (a line can be drawn over).
  Progress(std::FILE* out, bool terminal);
  ~Progress() override;

  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override;

 private:
  void clear_bar();

  std::FILE* out_;
  bool terminal_;
  bool bar_shown_ = false;
  int epochs_ = 0;
  int64_t steps_per_epoch_ = 1;
  int64_t batch_ = 1;
  RunningMean loss_{50}, accuracy_{50}, step_seconds_{50};
  std::chrono::steady_clock::time_point last_;
};

// "1:05" or "2:03:04".
std::string duration_text(double seconds);

}  // namespace intrain::cli
