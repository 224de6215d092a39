#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "cli/commands.h"
#include "cli/data.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/text.h"
#include "io/checkpoint.h"
#include "models/net_file.h"
#include "train/data_options.h"
#include "train/duration.h"
#include "train/run_folder.h"
#include "train/signature.h"
#include "train/trainer.h"

namespace intrain::cli {

namespace {

// The signal that asks the training to stop; 0: none has.
std::atomic<int> g_stop{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler writes it");

// The first of either signal asks; a second one ends the process, as without this.
void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { g_stop = signal; };
  action.sa_flags = SA_RESETHAND;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

int run(const TrainConfig& config, const Checkpoint* resume) {
  const DataSplits data = load_showing(config.data, training_options(config), config.threads);
  print_photos(data);
  Progress progress(stdout);
  TrainOptions options;
  options.observer = &progress;
  options.resume = resume;
  options.stop = &g_stop;
  stop_on_signals();
  const TrainResult result = train(config, data, options);
  print_broken(data, stdout, result.folder);
  if (result.stopped) {
    progress.clear();
    print("stopped after step {}; it goes on with: intrain train --resume {}\n", result.step, printable(result.folder));
    return 128 + g_stop;
  }
  print("time: {}\n", duration_text(result.seconds));
  print("run folder: {}\n", printable(result.folder));
  print("learning curve: {}\n", printable(result.curve));
  print("signature: {}\n", signature_text(result.signature));
  print("test accuracy: {:.2f} %\n", 100 * result.test.metrics.accuracy());
  return 0;
}

}  // namespace

int train_command(TrainConfig config) {
  validate(config);
  if (is_net_file(config.model) && config.net.empty()) config.net = read_net_file(config.model);  // and into the run's files
  return run(config, nullptr);
}

void take_net(TrainConfig& config) {
  const CheckpointInfo info = read_checkpoint(config.init_from).info;
  config.model = info.model;
  config.net = info.config.net;
}

int resume_command(const ResumeFlags& flags) {
  const ResumePoint point = find_resume_point(flags.folder);
  for (const std::string& damaged : point.damaged) print(stderr, "left out as damaged: {}\n", printable(damaged));
  TrainConfig config = point.checkpoint.info.config;
  config.out = flags.folder;  // it may have been moved
  config.threads = flags.threads;
  if (!flags.data.empty()) config.data = flags.data;
  if (flags.save_every) config.save_every = *flags.save_every;
  if (flags.keep) config.keep = *flags.keep;
  return run(config, &point.checkpoint);
}

}  // namespace intrain::cli
