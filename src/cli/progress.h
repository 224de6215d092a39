// Progress for a person who watches.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "train/metrics.h"
#include "train/observer.h"

namespace intrain::cli {

// A bar on a terminal, else plain lines now and then.
class ProgressBar {
 public:
  // Writes to `out`, which stays the caller's. terminal: whether `out` is one (a line can be drawn over).
  ProgressBar(std::FILE* out, bool terminal);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Whether it is time to draw again; if so, the time until the next one starts. restart() starts it anyway.
  bool due();
  void restart();
  // "head|bar| text" on a terminal, else `line`. part: 0 .. 1, what is done.
  void draw(const std::string& head, double part, const std::string& text, const std::string& line);
  void clear();

 private:
  std::FILE* out_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// Of a training.
class Progress final : public TrainObserver {
 public:
  Progress(std::FILE* out, bool terminal) : out_(out), bar_(out, terminal) {}  // as ProgressBar

  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override;
  void clear() { bar_.clear(); }

 private:
  std::FILE* out_;
  ProgressBar bar_;
  int epochs_ = 0;
  int64_t steps_per_epoch_ = 1;
  int64_t batch_ = 1;
  RunningMean loss_{50}, accuracy_{50}, step_seconds_{50};
};

}  // namespace intrain::cli
