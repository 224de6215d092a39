// What `intrain bench` measures, and how it shows it.
#pragma once

#include <optional>
#include <string>

namespace intrain::cli {

enum class BenchKind { kPeak, kKernels, kStep, kInfer };

struct BenchFlags {
  std::string model = "resnet20";
  std::optional<int> batch;  // not given: the model's
  int threads = 1;
  std::string image;         // HxWxC; empty: the model's
  std::optional<int> steps;  // not given: by seconds
  double seconds = 5;
  std::string json, png;  // empty: none; json "-": stdout
};

// Measures, prints and writes. Throws Error.
void run_bench(BenchKind kind, const BenchFlags& flags);

}  // namespace intrain::cli
