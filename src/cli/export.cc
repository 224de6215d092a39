#include "export/export.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/version.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "io/atomic_file.h"
#include "io/checkpoint.h"
#include "io/checkpoint_tensors.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"

namespace intrain::cli {

int export_command(const ExportFlags& flags) {
  if (flags.onnx.empty() && flags.safetensors.empty())
    throw Error("no file to write is given", "--onnx", "give one with --onnx, or with --safetensors");
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  Net net = build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes);
  ThreadPool pool(1);
  SingleProcess reducer;
  net.set_widths(info.config.widths);
  net.prepare(1, false, kernels, pool, reducer);
  restore_state(checkpoint, info.model, net.state());
  net.quantize_parameters();

  if (!flags.onnx.empty()) {
    const OnnxForm form = flags.qdq ? OnnxForm::kQdq : OnnxForm::kExact;
    const std::string model = onnx_model(net, {info.model, info.class_names, info.normalization, kVersion}, form);
    write_file(flags.onnx, model);
    fmt::print("{} after {} epochs, {}: {} ({} bytes)\n", info.model, info.epoch, flags.qdq ? "qdq" : "exact", flags.onnx,
               model.size());
  }
  if (!flags.safetensors.empty()) {
    const std::vector<SafeTensor> tensors = checkpoint_tensors(checkpoint, net.parameters());
    write_safetensors(flags.safetensors, checkpoint_metadata(checkpoint), tensors);
    fmt::print("{} after {} epochs, {} arrays: {}\n", info.model, info.epoch, tensors.size(), flags.safetensors);
  }
  return 0;
}

}  // namespace intrain::cli
