#include "exchange/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
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

struct ImportFlags {
  std::string safetensors, onnx;   // file to read: one of them
  std::string out;                 // checkpoint to write
  TrainConfig config;              // model: empty: that of the ONNX graph
  bool new_head = false;           // the last layer is not taken
  std::string prefix;              // of the tensors to take
  std::vector<std::string> order;  // modules in the order of the forward pass
  int calibrate = 1024;            // training images that the scales are found with
};

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

int run(const ImportFlags& flags) {
  TrainConfig config = flags.config;
  validate(config);
  if (flags.safetensors.empty() && flags.onnx.empty())
    throw Error("no file is given", "--safetensors", "give the net's tensors with --safetensors, or the net with --onnx");
  if (flags.calibrate < 0)
    throw Error(fmt::format("--calibrate is {}", flags.calibrate), "--calibrate", "give a whole number, 0 or more");
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
  Net net = build_model(config.model, config.net, train.h, train.w, train.c, train.classes);
  const int batch = calibration_batch(train);
  net.prepare(batch, true, std::make_shared<Runtime>(config.threads));
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

}  // namespace

Command add_import(CLI::App& app) {
  const auto flags = std::make_shared<ImportFlags>();
  CLI::App& command = *app.add_subcommand("import", "Make a checkpoint of a net that was trained elsewhere, in floating point");
  TrainConfig& config = flags->config;
  CLI::Option* safetensors = command.add_option("--safetensors", flags->safetensors,
                                                "its tensors, named as in PyTorch: as torchvision's ResNets, MobileNetV2 and "
                                                "VGGs, the usual CIFAR ResNets, an nn.Sequential, or "
                                                "with --order");
  safetensors->type_name("FILE");
  command
      .add_option("--onnx", flags->onnx,
                  "the net as an ONNX model, as torch.onnx.export writes it, with its batch norms or without (docs/import.md)")
      ->type_name("FILE")
      ->excludes(safetensors);
  config.model.clear();
  command
      .add_option("--model", config.model,
                  "the same net here ('intrain info' lists them), or a TOML file; if not given, that of the ONNX graph")
      ->type_name("NAME")
      ->default_str("");
  add_setting(command, config, "data", "like what it was trained on")->required()->default_str("");
  command.add_option("--out", flags->out, "checkpoint to write, for eval, predict, export and train --init-from")
      ->type_name("FILE")
      ->required();
  command
      .add_flag("--new-head", flags->new_head,
                "leave the last layer out: the data have other classes; the file may have any head, or none")
      ->default_str("");
  command.add_option("--prefix", flags->prefix, "take only the tensors in this module of the file, as ema or model")
      ->type_name("NAME")
      ->needs(safetensors);
  command
      .add_option(
          "--order", flags->order,
          "modules of the file in the order of the forward pass, by their names or the last parts of these, where the names do "
          "not tell it")
      ->delimiter(',')
      ->type_name("A,B,...")
      ->needs(safetensors);
  add_number(command, "--calibrate", flags->calibrate, "training images to find the scales of the layers with; 0: none")
      ->type_name("N");
  add_setting(command, config, "crop", "auto: 0.875");
  for (const char* key : {"val_share", "transpose", "mean", "deviation"}) add_setting(command, config, key);
  add_setting(command, config, "border",
              "for the training that goes on from it; if not given, of which the net gets more training images right");
  add_threads(command, config.threads);
  return {&command, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
