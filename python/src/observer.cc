#include "observer.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

namespace intrain::python {

namespace nb = nanobind;

template <class Report>
void PythonObserver::tell(const char* event, const Report& report) {
  if (observer_.is_none()) return;
  work_.call([&] {
    const nb::object answer = observer_(event, nb::cast(report, nb::rv_policy::copy));
    if (answer.is(nb::handle(Py_True))) work_.ask_to_stop();
  });
}

void PythonObserver::on_start(const TrainingPlan& plan) { tell("start", plan); }

void PythonObserver::on_step(const StepReport& report) {
  losses_.push_back(report.loss);
  if (!step_seconds_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ && report.step < report.total_steps) return;
  next_ = now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(*step_seconds_));
  tell("step", report);
}

void PythonObserver::on_epoch(const EpochReport& report) { tell("epoch", report); }

}  // namespace intrain::python
