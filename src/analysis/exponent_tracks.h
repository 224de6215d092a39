// The exponents that training chose, over time, as metrics.jsonl of a run folder tells them.
#pragma once

#include <string>
#include <vector>

#include "runs/metrics_file.h"

namespace intrain {

struct ExponentTrack {
  std::string layer, tensor;  // "conv3", "E2"
  std::vector<double> steps, exps;
};

// Whose exponents change: those of A and x_hat are given.
inline constexpr TensorKind kExponentKinds[] = {TensorKind::kW, TensorKind::kE1, TensorKind::kE2, TensorKind::kG};

// Adds what a step's numbers tell of these, to `tracks`, which is in the order of the net.
void add_exponents(const NumbersReport& numbers, std::vector<ExponentTrack>& tracks);

// All of the file; empty if the file is not there or holds none. Lines that are no JSON
// object are passed over: the last one of a run that goes on may be half written.
std::vector<ExponentTrack> read_exponents(const std::string& metrics_path);

}  // namespace intrain
