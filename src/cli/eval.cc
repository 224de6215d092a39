#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/data.h"
#include "io/checkpoint.h"
#include "train/evaluate.h"
#include "train/trained_net.h"

namespace intrain::cli {

int eval_command(const EvalFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  const DataSplits data = load_showing(flags.data.empty() ? info.config.data : flags.data, true);
  check_fit(checkpoint, data.test, data);

  const int batch = std::min(flags.batch, data.test.count);
  TrainedNet trained(checkpoint, batch, false, flags.threads);
  Loader loader(data.test, normalization_of(checkpoint), {batch, false, false, 0, 0, flags.threads});
  const Evaluation result = evaluate(trained.net, loader);
  print_broken(data);
  fmt::print("{} after {} epochs on {}: {} test images, loss {:.4f}\n", info.model, info.epoch, data.spec, result.metrics.count,
             result.metrics.mean_loss());
  fmt::print("test accuracy: {:.2f} %\n", 100 * result.metrics.accuracy());
  return 0;
}

}  // namespace intrain::cli
