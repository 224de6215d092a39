#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/data.h"
#include "cli/progress.h"
#include "models/net_file.h"
#include "train/signature.h"
#include "train/trainer.h"

namespace intrain::cli {

int train_command(TrainConfig config) {
  validate(config);
  if (is_net_file(config.model) && config.net.empty()) config.net = read_net_file(config.model);  // and into the run's files
  const DataSplits data = load_showing(config.data, false);
  Progress progress(stdout, isatty(STDOUT_FILENO) != 0);
  TrainOptions options;
  options.observer = &progress;
  const TrainResult result = train(config, data, options);
  print_broken(data);
  fmt::print("time: {}\n", duration_text(result.seconds));
  fmt::print("run folder: {}\n", result.folder);
  fmt::print("learning curve: {}\n", result.curve);
  fmt::print("signature: {}\n", signature_text(result.signature));
  fmt::print("test accuracy: {:.2f} %\n", 100 * result.test.metrics.accuracy());
  return 0;
}

}  // namespace intrain::cli
