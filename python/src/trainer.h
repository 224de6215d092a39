// A training as Python has it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "busy.h"
#include "net.h"
#include "results.h"
#include "runs/training_run.h"

namespace intrain::python {

struct FitOutcome {
  FitResult result;
  EvaluationResult test;
  std::string folder;
  std::vector<double> step_losses;
};

class TrainerObject {
 public:
  // `splits` is shared: its images are not copied. net: null if `resume` tells it. begin: whose numbers it begins with; null: net's.
  TrainerObject(const TrainConfig& config, const DataSplits& splits, const NetObject* net, const NetObject* begin,
                const Checkpoint* resume, bool folder);

  FitOutcome fit(nb::object observer, std::optional<double> step_seconds);
  Metrics step(const ImageArray& images, const nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>& labels);
  EvaluationResult evaluate(const Dataset& data);
  nb::tuple predict(const ImageArray& images);
  std::vector<NumbersResult> inspect();
  nb::bytes state();
  NetObject net();
  std::vector<ParameterView> parameters();
  std::string signature();

  Trainer& trainer() { return run_->trainer(); }
  const std::string& folder() const { return run_->folder(); }
  Busy& busy() { return busy_; }

 private:
  Reducer& reducer() { return trainer().net().runtime().reducer(); }

  // Shared with the parameters' views.
  std::shared_ptr<DataSplits> splits_;
  std::shared_ptr<TrainingRun> run_;
  Busy busy_;
};

}  // namespace intrain::python
