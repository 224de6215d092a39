#include "results.h"

#include <nanobind/stl/string.h>

#include <cmath>

#include "analysis/confusion.h"
#include "arrays.h"
#include "bindings.h"
#include "documented.h"
#include "train/observer.h"
#include "train/trainer.h"

namespace intrain::python {

namespace {

void bind_evaluation(nb::module_& m) {
  const auto metrics = [](auto&& of) { return [of](const EvaluationResult& e) { return of(e.evaluation.metrics); }; };
  Class<EvaluationResult>(m, "Evaluation")
      .def_prop_ro("count", metrics([](const Metrics& all) { return all.count; }))
      .def_prop_ro("hits", metrics([](const Metrics& all) { return all.hits; }))
      .def_prop_ro("accuracy", metrics([](const Metrics& all) { return all.accuracy(); }))
      .def_prop_ro("top5_accuracy", metrics([](const Metrics& all) { return all.top5_accuracy(); }))
      .def_prop_ro("loss", metrics([](const Metrics& all) { return all.mean_loss(); }))
      .def_prop_ro("predicted",
                   [](nb::handle self) {
                     const auto& values = nb::inst_ptr<EvaluationResult>(self)->evaluation.predicted;
                     return view(values.data(), {values.size()}, self);
                   })
      .def_prop_ro("probabilities",
                   [](nb::handle self) {
                     const auto& values = nb::inst_ptr<EvaluationResult>(self)->evaluation.probabilities;
                     return view(values.data(), {values.size()}, self);
                   })
      .def_prop_ro("losses",
                   [](nb::handle self) {
                     const auto& values = nb::inst_ptr<EvaluationResult>(self)->evaluation.losses;
                     return view(values.data(), {values.size()}, self);
                   })
      .def_prop_ro("confusion", [](const EvaluationResult& e) {
        const auto classes = static_cast<size_t>(e.classes);
        return array_of(confusion_matrix(e.labels, e.evaluation.predicted, e.classes), {classes, classes});
      });
}

// The bins of the format's range, each 2^shift integers wide; what goes beyond s8 is u8.
int64_t first_bin(const TensorStatistics& s) { return s.high_end > 127 ? 0 : s.low_end; }

nb::object histogram(const NumbersResult& n) {
  const TensorStatistics& s = n.statistics;
  const auto bins = s.histogram.begin() + 128;
  std::vector<int64_t> counts(bins + first_bin(s), bins + s.high_end + 1);
  const size_t count = counts.size();
  return array_of(std::move(counts), {count});
}
nb::object edges(const NumbersResult& n) {
  const TensorStatistics& s = n.statistics;
  std::vector<double> values;
  for (int64_t bin = first_bin(s); bin <= s.high_end + 1; ++bin)
    values.push_back(std::ldexp(static_cast<double>(bin), s.exp + s.shift));
  const size_t count = values.size();
  return array_of(std::move(values), {count});
}

void bind_numbers(nb::module_& m) {
  Class<NumbersResult>(m, "TensorNumbers")
      .def_ro("layer", &NumbersResult::layer)
      .def_ro("kind", &NumbersResult::kind)
      .def_prop_ro("count", [](const NumbersResult& n) { return n.statistics.count; })
      .def_prop_ro("zeros", [](const NumbersResult& n) { return n.statistics.zeros; })
      .def_prop_ro("saturated", [](const NumbersResult& n) { return n.statistics.saturated; })
      .def_prop_ro("largest", [](const NumbersResult& n) { return n.statistics.largest; })
      .def_prop_ro("exponent", [](const NumbersResult& n) { return n.statistics.exp; })
      .def_prop_ro("counts", histogram)
      .def_prop_ro("edges", edges);
}

void bind_reports(nb::module_& m) {
  Class<TrainingPlan>(m, "Plan")
      .def_ro("train_images", &TrainingPlan::train_images)
      .def_ro("test_images", &TrainingPlan::test_images)
      .def_ro("steps_per_epoch", &TrainingPlan::steps_per_epoch)
      .def_ro("total_steps", &TrainingPlan::total_steps)
      .def_ro("first_step", &TrainingPlan::first_step)
      .def_prop_ro("epochs", [](const TrainingPlan& plan) { return plan.config.epochs; })
      .def_ro("parameters", &TrainingPlan::parameters)
      .def_ro("isa", &TrainingPlan::isa)
      .def_prop_ro("threads", [](const TrainingPlan& plan) { return plan.config.threads; })
      .def_prop_ro("folder", [](const TrainingPlan& plan) { return plan.config.out; });
  Class<StepReport>(m, "StepReport")
      .def_ro("step", &StepReport::step)
      .def_ro("total_steps", &StepReport::total_steps)
      .def_ro("epoch", &StepReport::epoch)
      .def_ro("loss", &StepReport::loss)
      .def_ro("accuracy", &StepReport::accuracy)
      .def_ro("learning_rate", &StepReport::rate)
      .def_ro("images_per_second", &StepReport::images_per_second)
      .def_ro("seconds_left", &StepReport::seconds_left);
  Class<EpochReport>(m, "EpochReport")
      .def_ro("epoch", &EpochReport::epoch)
      .def_ro("step", &EpochReport::step)
      .def_ro("train_loss", &EpochReport::train_loss)
      .def_ro("train_accuracy", &EpochReport::train_accuracy)
      .def_ro("test_loss", &EpochReport::test_loss)
      .def_ro("test_accuracy", &EpochReport::test_accuracy)
      .def_ro("best", &EpochReport::best)
      .def_ro("images_per_second", &EpochReport::images_per_second)
      .def_ro("seconds", &EpochReport::seconds)
      .def_ro("waited", &EpochReport::waited);
  Class<Metrics>(m, "StepResult")
      .def_ro("count", &Metrics::count)
      .def_ro("hits", &Metrics::hits)
      .def_prop_ro("loss", [](const Metrics& step) { return step.mean_loss(); })
      .def_prop_ro("accuracy", [](const Metrics& step) { return step.accuracy(); });
}

}  // namespace

void bind_results(nb::module_& m) {
  bind_evaluation(m);
  bind_numbers(m);
  bind_reports(m);
}

}  // namespace intrain::python
