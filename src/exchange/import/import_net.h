// Start reading here: a net that was trained elsewhere, in floating point, as a checkpoint of a net of ours. docs/import.md says which files
// are taken.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "exchange/import/import_report.h"
#include "nn/net.h"
#include "settings/config.h"

namespace intrain {

struct ImportOptions {
  // The file: one of them.
  std::string safetensors, onnx;
  bool new_head = false;  // the last layer is not taken: the data have other classes
  // Of `safetensors`: only tensors in the module of this name are taken, as "ema"; and modules in the order of the forward pass, for those
  // whose names do not tell it.
  std::string prefix{};
  std::vector<std::string> order{};
  int calibrate = 1024;                    // about how many training images the scales are found with; 0: none
  const std::atomic<int>* stop = nullptr;  // once it is not 0 the import ends with an Error, after its running batch; may be null
};

struct ImportedNet {
  CheckpointInfo info;  // of a training that has done no step
  Net net;              // with the file's numbers, on a Runtime of its own; prepared for training
  ImportReport report;
  // What random windows should show beyond the images' border (TrainConfig::border), which is then in info.config: the net gets more training
  // images right with it. Empty where it was not looked for: it is given, or the head is new, or there are no images to look at in memory.
  std::string border;
};

// The checkpoint is write_checkpoint(path, info, net.state()). config.model: the same net here, by name or as a net file (models/models.h);
// empty: that of the ONNX graph, which info.config.net then describes. data: like what it was trained on, load_data(config.data,
// training_options(config)). All that is computed is a function of the arguments without config.threads. Throws Error for options or a
// configuration that cannot be, and if the file, the net and the data do not fit one another.
INTRAIN_API ImportedNet import_net(const ImportOptions& options, const TrainConfig& config, const DataSplits& data);

// The part of that which needs no data. Throws Error.
INTRAIN_API void check_import(const ImportOptions& options, const TrainConfig& config);

}  // namespace intrain
