#include "runs/resume_point.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "core/error.h"
#include "core/shell.h"
#include "runs/run_files.h"
#include "settings/config_file.h"
#include "settings/setting_list.h"
#include "settings/train_command.h"

namespace intrain {

namespace fs = std::filesystem;

void check_run_folder(const std::string& folder, const std::string& setting, const std::string& hint) {
  std::error_code reason;
  const fs::file_status status = fs::status(folder, reason);
  if (status.type() == fs::file_type::directory && access(folder.c_str(), X_OK) == 0) return;
  if (status.type() == fs::file_type::directory) reason = {errno, std::generic_category()};
  // Of a name that nothing has, or that something else has, there is no more to be said.
  const bool plain = status.type() == fs::file_type::not_found || !reason;
  throw Error(plain ? "there is no such folder" : "the folder cannot be entered: " + reason.message(), Setting{setting, folder},
              hint);
}

void check_config_file(const std::string& folder, const TrainConfig& then, const TrainConfig& now) {
  const std::string path = folder + "/config.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  std::vector<std::string> changes;
  const std::vector<Setting> before = settings_of(then), next = settings_of(now), file = settings_of(read_whole_config(path));
  for (size_t i = 0; i < file.size(); ++i) {
    const auto& [name, value] = file[i];
    if (value == before[i].value || value == next[i].value) continue;
    // Those that came with --resume do not stand in the file, nor where the folder was moved to.
    const unsigned traits = i < setting_list().size() ? setting_list()[i].traits : 0;
    if (((traits & kOnResume) != 0 && (traits & kOfLength) == 0) || name == "out") continue;
    changes.push_back(fmt::format("{} is '{}' there and '{}' in the run", name, value, before[i].value));
  }
  if (!changes.empty())
    throw Error(fmt::format("the settings of a run cannot change while it goes on: {}", fmt::join(changes, ", ")), path,
                "put them back, or begin another run with them: intrain train " + shell_flag("--config", path));
}

ResumePoint find_resume_point(const std::string& folder) {
  check_run_folder(folder, "resume", "give the run folder of a training");
  std::vector<std::string> names = {kFinalFile};
  for (const int64_t step : saved_steps(folder)) names.push_back(step_name(step));
  names.push_back(kBestFile);
  ResumePoint point;
  bool any = false;
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (!is_there(path)) continue;
    any = true;
    try {
      point.checkpoint = read_checkpoint(path);
      return point;
    } catch (const Error& e) {
      point.damaged.push_back(fmt::format("{}: {}", path, e.what()));
    }
  }
  if (!any)
    throw Error("the folder holds no checkpoint", Setting{"resume", folder},
                "give the run folder of a training; one that was stopped before its first step starts again with " +
                    shell_flag("--config", folder + "/config.json"));
  throw Error("no checkpoint of the folder can be read (" + point.damaged.front() + ")", Setting{"resume", folder},
              "the run is lost: train again with " + shell_flag("--config", folder + "/config.json"));
}

}  // namespace intrain
