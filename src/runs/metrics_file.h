// The lines of metrics.jsonl in a run folder (runs/run_folder.h): how they are written, and read again.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <variant>
#include <vector>

#include "train/observer.h"
#include "train/tensor_counts.h"

namespace intrain {

// How the numbers of a step filled their formats, tensor by tensor in the order of the net.
struct NumbersReport {
  struct Tensor {
    std::string layer, tensor;  // "conv3", "E2"
    int exp;
    double zeros, saturated;  // shares: 0 .. 1
  };
  int64_t step;
  int64_t stored_saturated;  // stored parameters at the end of their format
  std::vector<Tensor> tensors;
};

// Each one JSON object and the end of the line.
std::string metrics_line(const StartReport& report);
std::string metrics_line(const StepReport& report);
std::string metrics_line(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated);
std::string metrics_line(const EpochReport& report);

// What a line says; monostate if it is none of those. Of a StepReport all but total_steps and seconds_left is there.
using MetricsRecord = std::variant<std::monostate, StartReport, StepReport, NumbersReport, EpochReport>;
MetricsRecord parse_metrics_line(const std::string& line);

// The next line, without its end; false if there is none. Of one that is longer than any written the rest is passed over: it is none of those.
bool next_metrics_line(std::istream& in, std::string& line);

// Calls `take` with each line of the file, in order, and with what it says. False if the file cannot be opened.
bool read_metrics(const std::string& path, const std::function<void(const MetricsRecord& record, const std::string& line)>& take);

}  // namespace intrain
