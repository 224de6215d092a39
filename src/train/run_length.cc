#include "train/run_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/shell.h"
#include "settings/number_text.h"
#include "settings/scalar10.h"

namespace intrain {

namespace {

// Of the first `steps`. The phases of WAGEUBN also set the range of G.
bool same_rates(const TrainConfig& a, const TrainConfig& b, int64_t steps_per_epoch, int64_t steps) {
  const Schedule first = schedule_of(a, steps_per_epoch), second = schedule_of(b, steps_per_epoch);
  for (int64_t step = 0; step < steps; ++step) {
    const Scalar10 x = rate_at(first, step), y = rate_at(second, step);
    if (x.mantissa != y.mantissa || x.exp != y.exp) return false;
    if (a.widths.constant_g && wageubn_phase(step, first.total_steps) != wageubn_phase(step, second.total_steps)) return false;
  }
  return true;
}

}  // namespace

Schedule schedule_of(const TrainConfig& config, int64_t steps_per_epoch) {
  Schedule schedule;
  schedule.kind = config.schedule == "step"      ? ScheduleKind::kStep
                  : config.schedule == "wageubn" ? ScheduleKind::kWageubn
                  : config.schedule == "linear"  ? ScheduleKind::kLinear
                                                 : ScheduleKind::kCosine;
  schedule.base = to_scalar10(config.lr);
  schedule.total_steps = config.epochs * steps_per_epoch;
  schedule.warmup_steps = std::llrint(config.warmup * static_cast<double>(steps_per_epoch));
  schedule.restarts = config.restarts;
  schedule.bits = config.widths.rate;
  schedule.fixed = config.widths.constant_g;
  return schedule;
}

void check_schedule(const TrainConfig& config, int64_t steps_per_epoch) {
  const Schedule schedule = schedule_of(config, steps_per_epoch);
  if (config.warmup > 0 && schedule.warmup_steps == 0)
    throw Error(number_text(config.warmup) + " epochs are no step", Setting{"warmup"},
                fmt::format("an epoch has {} steps: give a longer `warmup`, or 0", steps_per_epoch));
  const int64_t falling = schedule.total_steps - schedule.warmup_steps;
  if (config.restarts > 0 && config.restarts >= falling)
    throw Error(fmt::format("{} restarts of {} steps are not possible", config.restarts, falling), Setting{"restarts"},
                "`restarts` takes fewer than there are steps after the warm-up");
}

bool is_other_length(const TrainConfig& a, const TrainConfig& b) { return a.epochs != b.epochs || a.patience != b.patience; }

bool at_end(const TrainConfig& config, const CheckpointInfo& info) {
  return info.epoch == config.epochs || (config.patience > 0 && info.epoch - info.best_epoch >= config.patience);
}

std::string train_on_command(const std::string& folder, const std::string& checkpoint, const std::string& epochs) {
  return fmt::format("intrain train {} {} --epochs {}", shell_flag("--config", folder + "/config.json"),
                     shell_flag("--init-from", checkpoint), epochs);
}

void check_length(const TrainConfig& config, const Checkpoint& from) {
  const CheckpointInfo& info = from.info;
  const TrainConfig& began = info.config;
  const int64_t per_epoch = info.train_count / began.batch / began.accumulate;
  const auto refuse = [&](const std::string& what, const char* setting) {
    TrainConfig next = config;
    next.epochs = std::max(1, config.epochs - static_cast<int>(info.epoch));
    std::string flags = std::to_string(next.epochs);
    // For which so few epochs have no room.
    if (next.warmup >= next.epochs) {
      next.warmup = 0;
      flags += " --warmup 0";
    }
    const Schedule schedule = schedule_of(next, per_epoch);
    if (next.restarts > 0 && next.restarts >= schedule.total_steps - schedule.warmup_steps) flags += " --restarts 0";
    throw Error(what, Setting{setting}, "to train on from what it learned: " + train_on_command(config.out, from.path, flags));
  };
  if (config.epochs != began.epochs) {
    if (info.step > config.epochs * per_epoch)
      refuse(fmt::format("the run is past {} epochs, after step {}", config.epochs, info.step), "epochs");
    if (!same_rates(config, began, per_epoch, info.step))
      refuse(fmt::format("with {} epochs instead of {} the steps done would have had other learning rates", config.epochs,
                         began.epochs),
             "epochs");
  }
  if (config.patience != began.patience && config.patience != 0 && (began.patience == 0 || config.patience < began.patience))
    refuse(fmt::format("with a patience of {} the run might have ended before", config.patience), "patience");
}

}  // namespace intrain
