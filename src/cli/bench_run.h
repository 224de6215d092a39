// What `intrain bench` measures, and how it shows it.
#pragma once

#include <optional>
#include <string>

namespace intrain::cli {

enum class BenchKind { kPeak, kKernels, kStep, kInfer, kComm };

struct BenchFlags {
  std::string model = "resnet20";
  std::optional<int> batch;  // not given: the model's
  int threads = 1;
  int recompute = 0;         // kStep
  std::string image;         // HxWxC; empty: the model's
  std::optional<int> steps;  // not given: by seconds
  double seconds = 5;
  int nodes = 16;                         // kComm
  std::optional<double> compute;          // milliseconds of a step alone; not given: as measured
  double latency = 1.5, bandwidth = 100;  // of their network: microseconds a message, Gbit/s a node
  std::string json, png;                  // empty: none; json "-": stdout
};

// Measures, prints and writes. Throws Error.
void run_bench(BenchKind kind, const BenchFlags& flags);

}  // namespace intrain::cli
