#include "exchange/export/export.h"

#include <fmt/format.h>

#include <optional>

#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_tensors.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "core/version.h"
#include "exchange/firmware/device_net.h"
#include "exchange/firmware/device_state.h"
#include "exchange/firmware/firmware_output.h"
#include "io/atomic_file.h"
#include "micro/state.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

struct ExportFlags {
  std::string checkpoint;
  std::string onnx, safetensors;  // files to write; empty: none
  bool qdq = false;               // else exact
  std::string firmware;           // folder to make; empty: none
  std::string device_state;       // file to write; empty: none
  std::string mode;               // empty: full; what of it learns: exchange/firmware/device_net.h
};

// A file or a folder, whole before the first one is written.
struct Output {
  std::vector<FirmwareText> files;
  std::string told;
};

// What a mode takes, before anything is compiled.
std::string mode_row(const std::string& mode, const FirmwarePlan& plan) {
  const bool learns = plan.net.learning_layers > 0;
  const FirmwareCode code = firmware_code(learns);
  return fmt::format("  {:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n", mode, plan.constants.size(), code.flash_bytes,
                     plan.net.arena_bytes, code.stack_bytes, learns ? micro::state_image_bytes(plan.net.state_bytes) : 0);
}
// Of a mode that is refused, as a net too small to have a signature is where it learns: dashes.
std::string mode_row(const std::string& mode, const Checkpoint& checkpoint) {
  try {
    return mode_row(mode, DeviceNet(checkpoint, learning_layers_of(mode, checkpoint)).plan());
  } catch (const Error&) {
    return fmt::format("  {:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n", mode, "-", "-", "-", "-", "-");
  }
}
std::string mode_table(const ExportFlags& flags, const Checkpoint& checkpoint, const FirmwarePlan& chosen) {
  std::string text = fmt::format(
      "bytes of each mode:\n  {:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n  {:<8} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "",
      "flash:", "flash:", "RAM:", "RAM:", "a slot for", "mode", "constants", "code, <", "arena", "stack, <", "the state");
  for (const char* mode : {"infer", "head", "full"}) text += mode_row(mode, checkpoint);
  if (flags.mode.starts_with("last-")) text += mode_row(flags.mode, chosen);
  return text;
}

Output firmware_output(const ExportFlags& flags, const Checkpoint& checkpoint, const std::string& title) {
  const FirmwarePlan plan = DeviceNet(checkpoint, learning_layers_of(flags.mode, checkpoint)).plan();
  const FirmwareSubject subject = firmware_subject(checkpoint.info, fmt::format("{}, by intrain {}", title, kVersion));
  Output output{firmware_files(plan, subject), ""};
  output.told = fmt::format("{}, {}: {} ({} files)\n", title, flags.mode, printable(flags.firmware), output.files.size()) +
                mode_table(flags, checkpoint, plan);
  return output;
}

Output onnx_output(const ExportFlags& flags, TrainedNet& trained, const CheckpointInfo& info, const std::string& title) {
  const OnnxForm form = flags.qdq ? OnnxForm::kQdq : OnnxForm::kExact;
  std::string model = onnx_model(trained.net, {info.model, info.class_names, info.normalization, kVersion}, form);
  std::string told =
      fmt::format("{}, {}: {} ({} bytes)\n", title, flags.qdq ? "qdq" : "exact", printable(flags.onnx), model.size());
  return {{{flags.onnx, std::move(model)}}, std::move(told)};
}

Output state_output(const ExportFlags& flags, const Checkpoint& checkpoint, const std::string& title) {
  const std::vector<uint8_t> state = device_state_of(checkpoint, learning_layers_of(flags.mode, checkpoint));
  return {{{flags.device_state, {state.begin(), state.end()}}},
          fmt::format("{}, {}, the state of a device: {} ({} bytes)\n", title, flags.mode, printable(flags.device_state),
                      state.size())};
}

int run(ExportFlags flags) {
  if (flags.onnx.empty() && flags.safetensors.empty() && flags.firmware.empty() && flags.device_state.empty())
    throw Error("nothing to write is given", "--onnx, --safetensors, --firmware, --device-state", "give at least one of them");
  if (!flags.mode.empty() && flags.firmware.empty() && flags.device_state.empty())
    throw Error("only firmware and states of devices have a mode", "--mode", "give --firmware or --device-state with it");
  if (flags.mode.empty()) flags.mode = "full";
  check_writable("--onnx", flags.onnx);
  check_writable("--safetensors", flags.safetensors);
  check_writable("--device-state", flags.device_state);
  if (!flags.firmware.empty()) check_firmware_folder(flags.firmware);
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  TrainedNet trained(checkpoint, 1, false, 1);
  const std::string net = fmt::format("{} after {}", printable(info.model), plural(info.epoch, "epoch"));
  std::vector<Output> outputs;
  if (!flags.onnx.empty()) outputs.push_back(onnx_output(flags, trained, info, net));
  if (!flags.device_state.empty()) outputs.push_back(state_output(flags, checkpoint, net));
  std::optional<Output> firmware;
  if (!flags.firmware.empty()) firmware = firmware_output(flags, checkpoint, net);
  for (const Output& output : outputs) {
    for (const FirmwareText& file : output.files) write_file(file.path, file.text);
    print("{}", output.told);
  }
  if (firmware) {
    write_firmware_folder(flags.firmware, firmware->files);
    print("{}", firmware->told);
  }
  if (!flags.safetensors.empty()) {
    const std::vector<SafeTensor> tensors = checkpoint_tensors(checkpoint, trained.net.parameters());
    write_safetensors(flags.safetensors, checkpoint_metadata(checkpoint), tensors);
    print("{}, all state: {} ({} tensors)\n", net, printable(flags.safetensors), tensors.size());
  }
  return 0;
}

}  // namespace

Command add_export(CLI::App& app) {
  const auto flags = std::make_shared<ExportFlags>();
  CLI::App& command =
      *app.add_subcommand("export", "Write a checkpoint's net for other programs: as an ONNX model, or as tensors");
  add_checkpoint(command, flags->checkpoint);
  CLI::Option* onnx = command.add_option("--onnx", flags->onnx, "ONNX model to write")->type_name("FILE");
  command.add_option("--safetensors", flags->safetensors, "file for all state of the training: integers, with their exponents")
      ->type_name("FILE");
  const std::string exact_help =
      "integers only, the logits bit by bit those of intrain, of each image alone; this is the default";
  CLI::Option* exact = command.add_flag("--exact", exact_help)->needs(onnx);
  command.add_flag("--qdq", flags->qdq, "float operators between QuantizeLinear and DequantizeLinear, which runtimes accelerate")
      ->needs(onnx)
      ->excludes(exact)
      ->default_str("");
  command.add_option("--firmware", flags->firmware, "folder of C++ and a C header for a machine without an operating system")
      ->type_name("DIR");
  command
      .add_option("--device-state", flags->device_state,
                  "file for what a device with that firmware holds in a slot of its memory")
      ->type_name("FILE");
  command
      .add_option("--mode", flags->mode,
                  "what learns there, batch norm by its statistics: all layers, the last K, the last one, or none")
      ->type_name("full|last-K|head|infer")
      ->default_str("full");
  return {&command, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
