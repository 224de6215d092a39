#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/data.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "io/checkpoint.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "train/evaluate.h"

namespace intrain::cli {

int eval_command(const EvalFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  const DataSplits data = load_showing(flags.data.empty() ? info.config.data : flags.data, true);
  check_fit(checkpoint, data.test, data);

  const ops::Kernels kernels = ops::make_kernels(select_isa());
  Net net = build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes);
  ThreadPool pool(flags.threads);
  SingleProcess reducer;
  const int batch = std::min(flags.batch, data.test.count);
  net.set_widths(info.config.widths);
  net.prepare(batch, false, kernels, pool, reducer);
  restore_state(checkpoint, info.model, net.state());
  net.quantize_parameters();

  Loader loader(data.test, normalization_of(info), {batch, false, false, 0, 0, flags.threads});
  const Evaluation result = evaluate(net, loader);
  print_broken(data);
  fmt::print("{} after {} epochs on {}: {} test images, loss {:.4f}\n", info.model, info.epoch, data.spec, result.metrics.count,
             result.metrics.mean_loss());
  fmt::print("test accuracy: {:.2f} %\n", 100 * result.metrics.accuracy());
  return 0;
}

}  // namespace intrain::cli
