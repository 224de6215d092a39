// How long a run is: its schedule, its end, and whether it may become another while it goes on.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "optim/schedule.h"
#include "settings/config.h"

namespace intrain {

// The warm-up has round(config.warmup steps_per_epoch) steps, ties to even.
Schedule schedule_of(const TrainConfig& config, int64_t steps_per_epoch);

// Throws Error for a warm-up that is too short for a step, and for more restarts than steps that could begin one: a schedule that is another than
// `config` says.
void check_schedule(const TrainConfig& config, int64_t steps_per_epoch);

// Whether the one has other epochs or another patience than the other.
bool is_other_length(const TrainConfig& a, const TrainConfig& b);

// Whether the run of `info` has nothing more to do: all epochs are done, or the patience is at its end.
bool at_end(const TrainConfig& config, const CheckpointInfo& info);

// The command that begins a run of so many epochs ("N": for a person to fill in) with what the run in `folder` learned up to `checkpoint`.
std::string train_on_command(const std::string& folder, const std::string& checkpoint, const std::string& epochs);

// Throws Error, with that command, unless the run of `from` is up to its step what a run of `config` would be, which has other epochs and patience
// perhaps: no step done would have had another learning rate, no epoch would have ended the run.
void check_length(const TrainConfig& config, const Checkpoint& from);

}  // namespace intrain
