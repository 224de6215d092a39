#include "export/export.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/error.h"
#include "core/version.h"
#include "io/atomic_file.h"
#include "io/checkpoint.h"
#include "io/safetensors.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

void export_file(const CheckpointInfo& info, const char* form, const std::string& path, const std::string& content) {
  write_file(path, content);
  fmt::print("{} after {} epochs, {}: {} ({} bytes)\n", info.model, info.epoch, form, path, content.size());
}

}  // namespace

int export_command(const ExportFlags& flags) {
  if (flags.onnx.empty() && flags.safetensors.empty())
    throw Error("nothing to write is given", "--onnx, --safetensors", "give one of them, or both");
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  TrainedNet trained(checkpoint, 1, false, 1);
  if (!flags.onnx.empty()) {
    const OnnxForm form = flags.qdq ? OnnxForm::kQdq : OnnxForm::kExact;
    export_file(info, flags.qdq ? "qdq" : "exact", flags.onnx,
                onnx_model(trained.net, {info.model, info.class_names, info.normalization, kVersion}, form));
  }
  if (!flags.safetensors.empty()) {
    std::map<std::string, std::vector<int>> shapes;
    for (const Parameter* p : trained.net.parameters()) shapes[p->name] = p->shape;
    export_file(info, "all state", flags.safetensors, safetensors_of(checkpoint, shapes));
  }
  return 0;
}

}  // namespace intrain::cli
