#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/duration.h"
#include "core/error.h"
#include "core/shell.h"
#include "core/text.h"
#include "models/net_file.h"
#include "report/curve_picture.h"
#include "runs/resume_point.h"
#include "runs/training_run.h"
#include "train/data_options.h"
#include "train/run_length.h"

namespace intrain::cli {

namespace {

// The signal that asks the training to stop; 0: none has.
std::atomic<int> g_stop{0};
// Whether there is something to be saved by now.
std::atomic<bool> g_training{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free, "a signal handler uses them");

// While training the first signal asks it to stop; before, and by a second one, the process ends at once. A terminal that is lost hangs up more
// than once, so that SIGHUP is no second one. Handled from the start: what runs as process 1 of a container does not end by a signal otherwise.
void on_signal(int signal) {
  if (g_training && (g_stop == 0 || signal == SIGHUP))
    g_stop = signal;
  else
    _exit(128 + signal);
}

void handle_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    // As nohup leaves it.
    if (signal == SIGHUP && (sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN)) continue;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

class TrainProgress final : public Progress {
 public:
  using Progress::Progress;
  void on_ready() override { g_training = true; }
};

// The data of a run that goes on: they may have been moved since.
DataSplits load_again(const TrainConfig& config) {
  try {
    return load_showing(config.data, training_options(config), config.threads);
  } catch (Error& e) {
    e.hint += "; if the data lies elsewhere now, say where with `data`";
    throw;
  }
}

int run(const TrainConfig& config, const DataSplits& data, const Checkpoint* resume) {
  print_photos(data);
  TrainProgress progress(stdout);
  CurvePicture curve;
  ObserverList observers({&curve, &progress});
  TrainOptions options;
  options.observer = &observers;
  options.resume = resume;
  options.stop = &g_stop;
  const TrainResult result = train(config, data, options);
  print_broken(data, stdout, result.folder);
  if (result.stopped) {
    progress.clear();
    print("stopped after step {}; it goes on with: intrain train {}\n", result.step, shell_flag("--resume", result.folder));
    return 128 + g_stop;
  }
  print("time: {}\n", duration_text(result.seconds));
  print("run folder: {}\n", printable(result.folder));
  print("learning curve: {}\n", printable(curve.path()));
  print("signature: {}\n", signature_text(result.signature));
  print("test accuracy: {:.2f} %\n", 100 * result.test.metrics.accuracy());
  return 0;
}

}  // namespace

int train_command(TrainConfig config) {
  handle_signals();
  validate(config);
  if (is_net_file(config.model) && config.net.empty()) config.net = read_net_file(config.model);  // and into the run's files
  return run(config, load_showing(config.data, training_options(config), config.threads), nullptr);
}

void take_net(TrainConfig& config) {
  const CheckpointInfo info = read_checkpoint(config.init_from).info;
  config.model = info.model;
  config.net = info.config.net;
}

int resume_command(const ResumeFlags& flags) {
  handle_signals();
  const ResumePoint point = find_resume_point(flags.folder);
  for (const std::string& damaged : point.damaged) print(stderr, "left out as damaged: {}\n", printable(damaged));
  TrainConfig config = point.checkpoint.info.config;
  config.out = flags.folder;  // it may have been moved
  config.threads = flags.threads;
  if (!flags.data.empty()) config.data = flags.data;
  if (flags.save_every) config.save_every = *flags.save_every;
  if (flags.keep) config.keep = *flags.keep;
  if (flags.epochs) config.epochs = *flags.epochs;
  if (flags.patience) config.patience = *flags.patience;
  // What train() checks, too, before the photos are looked at.
  validate(config);
  check_config_file(flags.folder, point.checkpoint.info.config, config);
  check_length(config, point.checkpoint);
  if (at_end(config, point.checkpoint.info))
    print("the run is at its end; to train on from what it learned: {}\n",
          train_on_command(flags.folder, point.checkpoint.path, "N"));
  return run(config, load_again(config), &point.checkpoint);
}

}  // namespace intrain::cli
