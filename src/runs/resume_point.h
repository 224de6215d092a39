// From which file of a run folder its run goes on.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "settings/config.h"

namespace intrain {

// The newest checkpoint of a run folder that is whole, and those newer than it that are not, one line each.
struct ResumePoint {
  Checkpoint checkpoint;
  std::vector<std::string> damaged;
};
// Throws Error if there is none.
ResumePoint find_resume_point(const std::string& folder);

// Throws Error unless `folder` is one whose files can be looked at.
void check_run_folder(const std::string& folder, const std::string& setting, const std::string& hint);

// Throws Error, naming the settings, if config.json of the run folder was edited: holds what is neither in `then`, as the newest checkpoint has it,
// nor in `now`, which the run goes on with, but for what may be another each time that it does. The file may be missing.
void check_config_file(const std::string& folder, const TrainConfig& then, const TrainConfig& now);

}  // namespace intrain
