// The subcommands: each in a file of its own. main.cc fills in what the flags say. All return the exit status and throw Error.
#pragma once

#include <optional>
#include <string>

#include "io/config.h"

namespace intrain::cli {

int train_command(TrainConfig config);

struct EvalFlags {
  std::string checkpoint;
  std::string data;  // empty: the data that the checkpoint was trained on
  int batch = 128;
  int threads = 1;
};
int eval_command(const EvalFlags& flags);

struct InspectFlags {
  std::string checkpoint;
  std::string data;  // empty: the data that the checkpoint was trained on
  int batch = 128;
  int threads = 1;
  std::string png;  // empty: inspect.png beside the checkpoint
};
int inspect_command(const InspectFlags& flags);

struct ExportFlags {
  std::string checkpoint;
  std::string onnx;  // file to write
  bool qdq = false;  // else exact
};
int export_command(const ExportFlags& flags);

int info_command();

int verify_command(const std::string& model, int threads);

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
int bench_command(BenchKind kind, const BenchFlags& flags);

}  // namespace intrain::cli
