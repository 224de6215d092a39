// Progress for a person who watches.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "train/metrics.h"
#include "train/observer.h"

namespace intrain::cli {

// A bar on a terminal, else plain lines now and then: into pipes and files, with TERM=dumb or no TERM, with NO_COLOR, and in a locale that is
// not UTF-8.
class ProgressBar {
 public:
  // Writes to `out`, which stays the caller's.
  explicit ProgressBar(std::FILE* out);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Whether it is time to draw again; if so, the time until the next one starts. restart() starts it anyway.
  bool due();
  void restart();
  // "head|bar| text" where it draws, else `line`. part: 0 .. 1, what is done.
  void draw(const std::string& head, double part, const std::string& text, const std::string& line);
  void clear();

 private:
  std::FILE* out_;
  bool drawn_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// Of a training.
class Progress : public TrainObserver {
 public:
  explicit Progress(std::FILE* out) : out_(out), bar_(out) {}  // as ProgressBar

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
