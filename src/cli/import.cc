#include <fmt/format.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "exchange/firmware/device_state.h"
#include "exchange/import/import_net.h"
#include "models/net_file.h"
#include "train/data_options.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

struct ImportFlags {
  std::string device_state, checkpoint;  // of a device with firmware of that checkpoint; empty: the rest
  ImportOptions options;
  std::string out;     // checkpoint to write
  TrainConfig config;  // model: empty: that of the ONNX graph
};

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

// Of a device's state its checkpoint says all else.
void refuse_other_flags(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && name != "--device-state" && name != "--checkpoint" && name != "--out")
      throw Error("the state of a device is imported without it", name,
                  "leave it out: with --device-state there are only --checkpoint and --out");
  }
}

int import_device_state(const ImportFlags& flags) {
  check_writable("--out", flags.out);
  const DeviceState state = read_device_state(flags.device_state);
  const Checkpoint base = read_trained(flags.checkpoint);
  DeviceNet device(base, state.learning_layers);
  restore_device_state(state, base, device);
  const CheckpointInfo info = device_checkpoint_info(base, device);
  write_checkpoint(flags.out, info, device.net.state());
  print("{} after {} on a device, of which the last {} learn\n", printable(info.model), plural(info.step, "step"),
        plural(state.learning_layers, "layer"));
  print("checkpoint: {}\nsignature: {}\n", printable(flags.out), signature_text(state_signature(device.net.state(), info.step)));
  return 0;
}

int run(const ImportFlags& flags, const CLI::App& command) {
  if (!flags.device_state.empty()) {
    refuse_other_flags(command);
    return import_device_state(flags);
  }
  TrainConfig config = flags.config;
  if (config.data.empty()) throw Error("no data is given", "--data", "give images like those that the net was trained on");
  // What is wrong without the data is told before they are read.
  check_import(flags.options, config);
  check_writable("--out", flags.out);
  if (is_net_file(config.model)) config.net = read_net_file(config.model);
  const DataSplits data = load_showing(config.data, training_options(config), config.threads);

  ImportedNet imported = import_net(flags.options, config, data);
  write_checkpoint(flags.out, imported.info, imported.net.state());
  print_broken(data);
  print_report(imported.report);
  if (!imported.border.empty()) print("border of random windows: {}\n", imported.border);
  print("checkpoint: {}\n", printable(flags.out));
  return 0;
}

}  // namespace

Command add_import(CLI::App& app) {
  const auto flags = std::make_shared<ImportFlags>();
  CLI::App& command = *app.add_subcommand("import", "Make a checkpoint of a net that was trained elsewhere, in floating point");
  TrainConfig& config = flags->config;
  CLI::Option* safetensors = command.add_option("--safetensors", flags->options.safetensors,
                                                "its tensors, named as in PyTorch: as torchvision's ResNets, MobileNetV2 and "
                                                "VGGs, the usual CIFAR ResNets, an nn.Sequential, or "
                                                "with --order");
  safetensors->type_name("FILE");
  CLI::Option* onnx = command.add_option(
      "--onnx", flags->options.onnx,
      "the net as an ONNX model, as torch.onnx.export writes it, with its batch norms or without (docs/import.md)");
  onnx->type_name("FILE")->excludes(safetensors);
  config.model.clear();
  config.data.clear();
  command
      .add_option("--model", config.model,
                  "the same net here ('intrain info' lists them), or a TOML file; if not given, that of the ONNX graph")
      ->type_name("NAME")
      ->default_str("");
  CLI::Option* data = add_setting(command, config, "data", "like what it was trained on, which must be given");
  data->default_str("");
  command.add_option("--out", flags->out, "checkpoint to write, for eval, predict, export and train --init-from")
      ->type_name("FILE")
      ->required();
  command
      .add_flag("--new-head", flags->options.new_head,
                "leave the last layer out: the data have other classes; the file may have any head, or none")
      ->default_str("");
  CLI::Option* state = command.add_option("--device-state", flags->device_state,
                                          "instead: what a device with firmware of --checkpoint holds in a slot of its memory");
  state->type_name("FILE")->excludes(data)->excludes(safetensors)->excludes(onnx);
  CLI::Option* checkpoint =
      command.add_option("--checkpoint", flags->checkpoint, "checkpoint that the device's firmware was exported from");
  checkpoint->type_name("FILE")->needs(state);
  state->needs(checkpoint);
  command.add_option("--prefix", flags->options.prefix, "take only the tensors in this module of the file, as ema or model")
      ->type_name("NAME")
      ->needs(safetensors);
  command
      .add_option(
          "--order", flags->options.order,
          "modules of the file in the order of the forward pass, by their names or the last parts of these, where the names do "
          "not tell it")
      ->delimiter(',')
      ->type_name("A,B,...")
      ->needs(safetensors);
  add_number(command, "--calibrate", flags->options.calibrate, "training images to find the scales of the layers with; 0: none")
      ->type_name("N");
  add_setting(command, config, "crop", "auto: 0.875");
  for (const char* key : {"val_share", "transpose", "mean", "deviation"}) add_setting(command, config, key);
  add_setting(command, config, "border",
              "for the training that goes on from it; if not given, of which the net gets more training images right");
  add_threads(command, config.threads);
  return {&command, [flags, &command] { return run(*flags, command); }};
}

}  // namespace intrain::cli
