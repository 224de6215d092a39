#include "export/export.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "core/version.h"
#include "io/atomic_file.h"
#include "io/checkpoint.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"

namespace intrain::cli {

int export_command(const ExportFlags& flags) {
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

  const OnnxForm form = flags.qdq ? OnnxForm::kQdq : OnnxForm::kExact;
  const std::string model = onnx_model(net, {info.model, info.class_names, info.normalization, kVersion}, form);
  write_file(flags.onnx, model);
  fmt::print("{} after {} epochs, {}: {} ({} bytes)\n", info.model, info.epoch, flags.qdq ? "qdq" : "exact", flags.onnx,
             model.size());
  return 0;
}

}  // namespace intrain::cli
