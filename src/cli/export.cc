#include "exchange/export/export.h"

#include <fmt/format.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_tensors.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "core/version.h"
#include "io/atomic_file.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

struct ExportFlags {
  std::string checkpoint;
  std::string onnx, safetensors;  // files to write; empty: none
  bool qdq = false;               // else exact
};

int run(const ExportFlags& flags) {
  if (flags.onnx.empty() && flags.safetensors.empty())
    throw Error("nothing to write is given", "--onnx, --safetensors", "give one of them, or both");
  check_writable("--onnx", flags.onnx);
  check_writable("--safetensors", flags.safetensors);
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  TrainedNet trained(checkpoint, 1, false, 1);
  const std::string net = fmt::format("{} after {}", printable(info.model), plural(info.epoch, "epoch"));
  if (!flags.onnx.empty()) {
    const OnnxForm form = flags.qdq ? OnnxForm::kQdq : OnnxForm::kExact;
    const std::string model = onnx_model(trained.net, {info.model, info.class_names, info.normalization, kVersion}, form);
    write_file(flags.onnx, model);
    print("{}, {}: {} ({} bytes)\n", net, flags.qdq ? "qdq" : "exact", printable(flags.onnx), model.size());
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
  const std::string exact_help = "integers only, the logits bit by bit those of intrain; this is the default";
  CLI::Option* exact = command.add_flag("--exact", exact_help)->needs(onnx);
  command.add_flag("--qdq", flags->qdq, "float operators between QuantizeLinear and DequantizeLinear, which runtimes accelerate")
      ->needs(onnx)
      ->excludes(exact)
      ->default_str("");
  return {&command, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
