#include "exchange/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "core/text.h"
#include "isa/isa.h"
#include "models/models.h"
#include "models/net_file.h"
#include "ops/kernels.h"
#include "train/data_options.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

// Images of 224 x 224 by 10, small ones by 128.
int calibration_batch(const Dataset& train) {
  constexpr int kMostPixels = 1 << 19;
  return std::min(train.count, std::clamp(kMostPixels / (train.h * train.w), 8, 128));
}

void print_report(const ImportReport& report) {
  print("{:<12} {:>9} {:>6}  {}\n", "layer", "saturated", "scale", "from");
  for (const ImportedLayer& l : report.layers)
    print("{:<12} {:>9} {:>6}  {}\n", l.name, l.measured ? fmt::format("{:.3f} %", 100 * l.saturated) : "",
          l.scale_log2 == 0 ? "" : fmt::format("2^{}", l.scale_log2), printable(l.source));
  if (report.estimated) print("batch norm was folded into the convolutions; its statistics are those of training images\n");
  if (report.gamma_beyond + report.beta_beyond > 0)
    print("channels with a gamma beyond 127/64: {}, with a beta: {}; running mean and variance make up for them\n",
          report.gamma_beyond, report.beta_beyond);
  print("stored numbers beyond their range: {}\n", report.clamped);
}

// The name of a net that was found in the file.
std::string net_name(const std::string& path) { return std::filesystem::path(path).stem().string() + ".toml"; }

}  // namespace

int import_command(const ImportFlags& flags) {
  TrainConfig config = flags.config;
  validate(config);
  if (flags.safetensors.empty() && flags.onnx.empty())
    throw Error("no file is given", "--safetensors", "give the net's tensors with --safetensors, or the net with --onnx");
  if (flags.calibrate < 0) throw Error(fmt::format("--calibrate is {}", flags.calibrate), "--calibrate", "a whole number from 0");
  if (config.model.empty() && flags.onnx.empty())
    throw Error("the net is not given", "--model",
                "give --model the net that the tensors are of; only an ONNX model says it itself");
  check_writable("--out", flags.out);
  if (is_net_file(config.model)) config.net = read_net_file(config.model);
  const DataSplits data = load_showing(config.data, training_options(config), config.threads);
  const Dataset& train = data.train;
  const Normalization norm = normalization_of(config, train);

  if (config.model.empty()) {
    config.model = net_name(flags.onnx);
    config.net = describe_onnx_net(flags.onnx, train.h, train.w, train.c, train.classes, flags.new_head);
  }

  // As for a training: the checkpoint is then one of step 0.
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  Net net = build_model(config.model, config.net, train.h, train.w, train.c, train.classes);
  ThreadPool pool(config.threads);
  SingleProcess reducer;
  const int batch = calibration_batch(train);
  net.prepare(batch, true, kernels, pool, reducer);
  net.initialize(config.seed);
  const std::vector<NetStep> steps = net_steps(net, config.model);
  const std::string& file = flags.safetensors.empty() ? flags.onnx : flags.safetensors;
  std::vector<FloatLayer> layers = flags.safetensors.empty()
                                       ? read_onnx_net(file, steps, flags.new_head)
                                       : read_safetensors_net(file, steps, {flags.new_head, flags.prefix, flags.order});
  const ImportReport report =
      import_layers(net, steps, std::move(layers), file, train, norm, std::min(flags.calibrate, train.count), batch);

  // A training that goes on should show the net the borders that it knows.
  const bool chooses = config.border.empty() && !flags.new_head && flags.calibrate > 0 && train.files.empty();
  if (chooses) {
    const BorderHits hits = border_hits(net, train, norm, data.mirror, std::min(flags.calibrate, train.count), batch);
    config.border = hits.black > hits.mean ? "black" : "mean";
  }

  write_checkpoint(flags.out, make_info(config, data, norm), net.state());
  print_broken(data);
  print_report(report);
  if (chooses) print("border of random windows: {}\n", config.border);
  print("checkpoint: {}\n", printable(flags.out));
  return 0;
}

}  // namespace intrain::cli
