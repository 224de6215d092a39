// What a training tells Python.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <optional>
#include <vector>

#include "interruptible.h"
#include "train/observer.h"

namespace intrain::python {

// Calls observer(event, report), where there is one, in the thread that Python called fit in. True asks for a stop.
class PythonObserver final : public TrainObserver {
 public:
  // step_seconds: at most so often it is told of a step, the newest; 0: of each; none: of no step.
  PythonObserver(Interruptible& work, nanobind::object observer, std::optional<double> step_seconds)
      : work_(work), observer_(std::move(observer)), step_seconds_(step_seconds) {}

  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepReport& report) override;
  void on_epoch(const EpochReport& report) override;
  // Of each step.
  std::vector<double>& losses() { return losses_; }

 private:
  template <class Report>
  void tell(const char* event, const Report& report);

  Interruptible& work_;
  const nanobind::object observer_;
  const std::optional<double> step_seconds_;
  std::chrono::steady_clock::time_point next_{};
  std::vector<double> losses_;
};

}  // namespace intrain::python
