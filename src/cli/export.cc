#include "exchange/export/export.h"

#include <fmt/format.h>

#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_tensors.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "core/version.h"
#include "io/atomic_file.h"
#include "train/trained_net.h"

namespace intrain::cli {

int export_command(const ExportFlags& flags) {
  if (flags.onnx.empty() && flags.safetensors.empty())
    throw Error("nothing to write is given", "--onnx, --safetensors", "give one of them, or both");
  check_writable("--onnx", flags.onnx);
  check_writable("--safetensors", flags.safetensors);
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  TrainedNet trained(checkpoint, 1, false, 1);
  const std::string net = fmt::format("{} after {} epochs", printable(info.model), info.epoch);
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

}  // namespace intrain::cli
