#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/data.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "io/checkpoint.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "train/evaluate.h"

namespace intrain::cli {

namespace {

std::string shape_text(int h, int w, int c, int classes) {
  return fmt::format("{}x{}x{} images and {} classes", h, w, c, classes);
}

void check_fit(const Checkpoint& checkpoint, const DataSplits& data) {
  const CheckpointInfo& info = checkpoint.info;
  const Dataset& set = data.test;
  const std::string hint = fmt::format("give it data like '{}', on which it was trained, with --data", info.config.data);
  if (info.h != set.h || info.w != set.w || info.c != set.c || info.classes != set.classes)
    throw Error(
        fmt::format("the checkpoint of {} is for {}, but {} has {}", info.model, shape_text(info.h, info.w, info.c, info.classes),
                    data.spec, shape_text(set.h, set.w, set.c, set.classes)),
        checkpoint.path, hint);
  if (!info.class_names.empty() && !data.class_names.empty() && info.class_names != data.class_names)
    throw Error(fmt::format("the checkpoint of {} knows other classes than {} has", info.model, data.spec), checkpoint.path,
                hint);
}

}  // namespace

int eval_command(const EvalFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  const DataSplits data = load_showing(flags.data.empty() ? info.config.data : flags.data, true);
  check_fit(checkpoint, data);

  const ops::Kernels kernels = ops::make_kernels(select_isa());
  Net net = build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes);
  ThreadPool pool(flags.threads);
  SingleProcess reducer;
  const int batch = std::min(flags.batch, data.test.count);
  net.set_widths(info.config.widths);
  net.prepare(batch, false, kernels, pool, reducer);
  restore_state(checkpoint, info.model, net.state());
  net.quantize_parameters();

  Normalization norm = {};
  std::copy(info.normalization.begin(), info.normalization.end(), norm.table[0]);
  Loader loader(data.test, norm, {batch, false, false, 0, 0, flags.threads});
  const Evaluation result = evaluate(net, loader);
  print_broken(data);
  fmt::print("{} after {} epochs on {}: {} test images, loss {:.4f}\n", info.model, info.epoch, data.spec, result.metrics.count,
             result.metrics.mean_loss());
  fmt::print("test accuracy: {:.2f} %\n", 100 * result.metrics.accuracy());
  return 0;
}

}  // namespace intrain::cli
