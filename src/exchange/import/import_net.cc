#include "exchange/import/import_net.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/error.h"
#include "exchange/import/border.h"
#include "exchange/import/float_net.h"
#include "exchange/import/import.h"
#include "models/models.h"
#include "models/net_file.h"
#include "train/trained_net.h"

namespace intrain {

namespace {

// Images of 224 x 224 by 10, small ones by 128.
int calibration_batch(const Dataset& train) {
  constexpr int kMostPixels = 1 << 19;
  return std::min(train.count, std::clamp(kMostPixels / (train.h * train.w), 8, 128));
}

// The name of a net that was found in the file.
std::string net_name(const std::string& path) { return std::filesystem::path(path).stem().string() + ".toml"; }

std::vector<FloatLayer> read_layers(const ImportOptions& options, const std::vector<NetStep>& steps) {
  if (options.safetensors.empty()) return read_onnx_net(options.onnx, steps, options.new_head);
  return read_safetensors_net(options.safetensors, steps, {options.new_head, options.prefix, options.order});
}

}  // namespace

void check_import(const ImportOptions& options, const TrainConfig& config) {
  validate(config);
  if (options.safetensors.empty() && options.onnx.empty())
    throw Error("no file is given", Setting{"safetensors"}, "give the net's tensors with `safetensors`, or the net with `onnx`");
  if (!options.safetensors.empty() && !options.onnx.empty())
    throw Error("two files are given", Setting{"safetensors"}, "give either `safetensors` or `onnx`");
  if (options.calibrate < 0)
    throw Error("calibrate is " + std::to_string(options.calibrate), Setting{"calibrate"}, "give a whole number, 0 or more");
  if (config.model.empty() && options.onnx.empty())
    throw Error("the net is not given", Setting{"model"},
                "give `model` the net that the tensors are of; only an ONNX model says it itself");
  if (!(config.widths == Widths{}))
    throw Error("nets are imported in the formats of docs/contract.md only", Setting{"formats"},
                "leave them as they are: a training that goes on from it may have others");
}

ImportedNet import_net(const ImportOptions& options, const TrainConfig& given, const DataSplits& data) {
  check_import(options, given);
  TrainConfig config = given;
  const Dataset& train = data.train;
  if (train.count < 1) throw Error("there are no training images", Setting{"data"}, "load them like for a training");
  if (is_net_file(config.model) && config.net.empty()) config.net = read_net_file(config.model);
  const Normalization norm = normalization_of(config, train);
  if (config.model.empty()) {
    config.model = net_name(options.onnx);
    config.net = describe_onnx_net(options.onnx, train.h, train.w, train.c, train.classes, options.new_head);
  }

  // As for a training: the checkpoint is then one of step 0.
  Net net = build_model(config.model, config.net, train.h, train.w, train.c, train.classes);
  const int batch = calibration_batch(train);
  net.prepare(batch, true, std::make_shared<Runtime>(config.threads));
  net.initialize(config.seed);
  const std::vector<NetStep> steps = net_steps(net, config.model);
  const std::string& file = options.safetensors.empty() ? options.onnx : options.safetensors;
  const int images = std::min(options.calibrate, train.count);
  ImportReport report = import_layers(net, steps, read_layers(options, steps), file, train, norm, images, batch, options.stop);

  // A training that goes on should show the net the border that it knows.
  std::string border;
  if (config.border.empty() && !options.new_head && images > 0 && train.files.empty()) {
    const BorderHits hits = border_hits(net, train, norm, data.mirror, images, batch, options.stop);
    config.border = border = hits.black > hits.mean ? "black" : "mean";
  }
  CheckpointInfo info = make_info(config, data, norm);
  return {std::move(info), std::move(net), std::move(report), std::move(border)};
}

}  // namespace intrain
