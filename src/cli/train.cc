#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <set>
#include <string>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/text.h"
#include "models/net_file.h"
#include "report/curve_picture.h"
#include "runs/resume_point.h"
#include "runs/run_files.h"
#include "runs/training_run.h"
#include "settings/config_file.h"
#include "settings/duration.h"
#include "settings/number_text.h"
#include "settings/recipe.h"
#include "settings/setting_list.h"
#include "settings/train_command.h"
#include "settings/width_keys.h"
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
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
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
  void on_start(const TrainingPlan& plan) override {
    folder_ = plan.config.out;
    Progress::on_start(plan);
  }
  // Of the run, once it has begun.
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

// A rank is gone: what is left of the run, whose folder may not be known yet.
void add_way_back(LostRank& lost, const std::string& folder) {
  if (folder.empty()) {
    lost.hint = "the run has not begun: start it again";
    return;
  }
  const std::vector<int64_t> saved = saved_steps(folder);
  lost.hint = "go on, on any number of ranks: " + resume_command(folder, rank_count());
  if (!saved.empty()) lost.hint = "the newest checkpoint is " + folder + "/" + step_name(saved[0]) + "; " + lost.hint;
}

int run(const TrainConfig& config, const DataSplits& data, const Checkpoint* resume) {
  print_photos(data);
  TrainProgress progress(stdout);
  CurvePicture curve;
  ObserverList observers({is_first_rank() ? &curve : nullptr, &progress});
  TrainOptions options;
  options.observer = &observers;
  options.resume = resume;
  options.stop = &g_stop;
  options.runtime = make_runtime(config.threads);
  const TrainResult result = [&] {
    try {
      return train(config, data, options);
    } catch (LostRank& lost) {
      add_way_back(lost, progress.folder());
      throw;
    }
  }();
  print_broken(data, stdout, result.folder);
  if (result.stopped) {
    progress.clear();
    print("stopped after step {}; continue with: {}\n", result.step, resume_command(result.folder, rank_count()));
    return 128 + largest_of_ranks(g_stop);
  }
  print("time: {}\n", duration_text(result.seconds));
  print("run folder: {}\n", printable(result.folder));
  if (!curve.path().empty()) print("learning curve: {}\n", printable(curve.path()));
  print("signature: {}\n", signature_text(result.signature));
  print("test accuracy: {}\n", percent_text(result.test.metrics.accuracy()));
  return 0;
}

struct TrainFlags {
  TrainConfig config;
  std::string resume;  // run folder; empty: a run begins
};

// The net of the checkpoint of --init-from, in place of the one that the configuration has.
void take_net(TrainConfig& config) {
  const CheckpointInfo info = read_checkpoint(config.init_from).info;
  config.model = info.model;
  config.net = info.config.net;
}

// Whether --config has said what a setting is: no flag has, and it is not as without both.
bool is_of_file(const CLI::App& given, const TrainConfig& config, const std::string& setting) {
  if (given.count("--config") == 0) return false;
  const std::string flag = flag_of(setting);
  if (given.count(flag.substr(0, flag.find(' '))) > 0) return false;
  TrainConfig otherwise;
  apply_recipe(otherwise, config.recipe);
  const std::vector<Setting> now = settings_of(config), then = settings_of(otherwise);
  for (size_t i = 0; i < now.size(); ++i)
    if (now[i].name == setting) return now[i].value != then[i].value;
  return false;
}

int begin(const CLI::App& given, TrainConfig config) {
  if (given.count("--model") > 0) config.net.clear();  // that of --config is another's
  if (given.count("--init-from") > 0 && given.count("--model") + given.count("--config") == 0) take_net(config);
  handle_signals();
  try {
    validate(config);
  } catch (Error& e) {
    if (is_of_file(given, config, e.setting)) {
      e.where = given.get_option("--config")->as<std::string>() + ", " + e.setting;
      e.setting = "config";
    }
    throw;
  }
  refuse_idle(config, [&](const char* key) { return given.count(flag_of(key)) > 0; });
  config.threads = threads_here(config.threads, given.count("--threads") > 0);
  if (is_net_file(config.model) && config.net.empty()) config.net = read_net_file(config.model);  // and into the run's files
  return run(config, load_showing(config.data, training_options(config), config.threads), nullptr);
}

// The settings that of the traits in `looked_at` have these alone.
std::vector<std::string> flags_with(unsigned traits, unsigned looked_at) {
  std::vector<std::string> flags;
  for (const SettingInfo& setting : setting_list())
    if ((setting.traits & looked_at) == traits) flags.push_back(flag_of(setting.key));
  return flags;
}

std::string resume_help() {
  return fmt::format(
      "go on with a run that was stopped, from the newest checkpoint of its folder, to the same result; of the other flags {} "
      "may be given too, and {} if no step done would have been another with them",
      fmt::join(flags_with(kOnResume, kOnResume | kOfLength), ", "),
      fmt::join(flags_with(kOnResume | kOfLength, kOnResume | kOfLength), " and "));
}

// The settings of a run that goes on are its own, but for some.
void refuse_other_flags(const CLI::App& given) {
  const std::vector<std::string> free = flags_with(kOnResume, kOnResume);
  for (const CLI::Option* option : given.get_options()) {
    const std::string name = option->get_name();
    if (option->count() > 0 && name != "--resume" && std::find(free.begin(), free.end(), name) == free.end())
      throw Error("the settings of a run cannot change while it goes on", name,
                  fmt::format("with --resume only {} may be given", fmt::join(free, ", ")));
  }
}

int go_on(const CLI::App& given, const TrainFlags& flags) {
  refuse_other_flags(given);
  handle_signals();
  const ResumePoint point = find_resume_point(flags.resume);
  for (const std::string& damaged : point.damaged) print(stderr, "left out as damaged: {}\n", printable(damaged));
  TrainConfig config = point.checkpoint.info.config;
  copy_settings(flags.config, config, [&](const SettingInfo& setting) {
    return (setting.traits & kOnResume) != 0 && (setting.key == "threads" || given.count(flag_of(setting.key)) > 0);
  });
  config.out = flags.resume;  // it may have been moved
  config.threads = threads_here(config.threads, given.count("--threads") > 0);
  // What train() checks, too, before the photos are looked at.
  validate(config);
  check_config_file(flags.resume, point.checkpoint.info.config, config);
  check_length(config, point.checkpoint);
  if (at_end(config, point.checkpoint.info))
    print("the run is at its end; to train on from what it learned: {}\n",
          train_on_command(flags.resume, point.checkpoint.path, "N"));
  return run(config, load_again(config), &point.checkpoint);
}

}  // namespace

Command add_train(CLI::App& app) {
  const auto flags = std::make_shared<TrainFlags>();
  TrainConfig& config = flags->config;
  config.threads = available_threads();
  CLI::App& train = *app.add_subcommand("train", "Train a net wholly in integers");
  // Flags are stored in this order: these two first, so that the others win over them.
  const SettingInfo& recipe = setting_info("recipe");
  train
      .add_option_function<std::string>(
          "--recipe",
          [&config, &train](const std::string& name) {
            if (train.count("--config") == 0) apply_recipe(config, name);
          },
          with_flags(recipe.help))
      ->type_name(recipe.placeholder)
      ->default_str(config.recipe);
  train
      .add_option_function<std::string>(
          "--config",
          [&config, &train](const std::string& path) {
            read_config(path, config, train.count("--recipe") > 0 ? train.get_option("--recipe")->as<std::string>() : "");
          },
          "JSON of settings by the names of the flags, as config.json of a run folder, or some of them; flags given here win")
      ->type_name("FILE");
  for (const SettingInfo& setting : setting_list())
    if ((setting.traits & kNoFlag) == 0 && &setting != &recipe) add_setting(train, config, setting.key);
  train
      .add_option_function<std::vector<std::string>>(
          "--set",
          [&config](const std::vector<std::string>& settings) {
            std::set<std::string> keys;
            for (const std::string& setting : settings) {
              const std::string key = setting.substr(0, setting.find('='));
              if (!keys.insert(key).second) throw Error("it is given twice", Setting{"formats." + key}, "give each format once");
              set_width(config.widths, setting);
            }
          },
          widths_help())
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  train.add_option("--resume", flags->resume, resume_help())->type_name("DIR");
  return {&train, [flags, &train] { return train.count("--resume") > 0 ? go_on(train, *flags) : begin(train, flags->config); },
          OnRanks::kTogether};
}

}  // namespace intrain::cli
