// What a training and an evaluation tell, beside the library's own reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/inspect.h"
#include "train/evaluate.h"

namespace intrain::python {

// An evaluation with the labels that it was measured by.
struct EvaluationResult {
  Evaluation evaluation;
  std::vector<uint16_t> labels;
  int classes;
};

struct NumbersResult {
  std::string layer, kind;
  TensorStatistics statistics;
};

}  // namespace intrain::python
