// The subcommands: each in a file of its own. main.cc fills in what the flags say. All return the exit status and throw Error.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "settings/config.h"

namespace intrain::cli {

// Both exit with 128 + the signal's number, and their state saved, if SIGINT or SIGTERM stops the training.
int train_command(TrainConfig config);
// The net of the checkpoint of --init-from, in place of the one that the configuration has.
void take_net(TrainConfig& config);

struct ResumeFlags {
  std::string folder;
  std::string data;  // empty: where the run had it
  int threads = 1;
  std::optional<int> save_every, keep, epochs, patience;  // empty: as the run has them
};
int resume_command(const ResumeFlags& flags);

struct EvalFlags {
  std::string checkpoint;
  std::string data;   // empty: the data that the checkpoint was trained on
  std::string split;  // train, val or test; empty: what training evaluates on
  int batch = 128;
  int threads = 1;
  std::string json, confusion;  // empty: none; json "-": stdout
  std::string crop;             // settings/crop.h; empty: that of the training
};
int eval_command(const EvalFlags& flags);

struct InspectFlags {
  std::string checkpoint;
  std::string data;          // empty: the data that the checkpoint was trained on
  std::optional<int> batch;  // not given: the run's
  int threads = 1;
  std::string png;  // empty: inspect.png beside the checkpoint
};
int inspect_command(const InspectFlags& flags);

struct ReportFlags {
  std::vector<std::string> runs;  // folders
  std::string data;               // empty: the data that each was trained on
  int threads = 1;
  std::string out = "report.html";
};
int report_command(const ReportFlags& flags);

struct PredictFlags {
  std::string checkpoint;
  std::vector<std::string> files;
  int top = 5;
  bool json = false;
  std::string crop;  // settings/crop.h; empty: that of the training
  int batch = 128;
  int threads = 1;
};
// 2 if a file could not be read.
int predict_command(const PredictFlags& flags);

struct ExportFlags {
  std::string checkpoint;
  std::string onnx, safetensors;  // files to write; empty: none
  bool qdq = false;               // else exact
};
int export_command(const ExportFlags& flags);

struct ImportFlags {
  std::string safetensors, onnx;   // file to read: one of them
  std::string out;                 // checkpoint to write
  TrainConfig config;              // model (empty: that of the ONNX graph), data, mean, deviation, threads
  bool new_head = false;           // the last layer is not taken
  std::string prefix;              // of the tensors to take
  std::vector<std::string> order;  // modules in the order of the forward pass
  int calibrate = 1024;            // training images that the scales are found with
};
int import_command(const ImportFlags& flags);

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
