// The settings as people see them: a list of texts, and flags of the command line.
#pragma once

#include <string>
#include <vector>

#include "base/api.h"
#include "core/error.h"
#include "settings/config.h"

namespace intrain {

// Every setting as text, in the order of config.json, those of the formats as "formats.w".
INTRAIN_API std::vector<Setting> settings_of(const TrainConfig& config);

// The flag of a setting: "--init-from" of "init_from", "--set w" of "formats.w".
INTRAIN_API std::string flag_of(const std::string& key);

// The command that trains with these settings, quoted for a shell (core/shell.h): data, model, epochs and batch, and what differs from the
// recipe, but not `threads` and `out`. With a net of a file it is that with --config `path`, the file that holds `config`, and so the net's
// text. Throws Error for an unknown recipe.
INTRAIN_API std::string train_command_of(const TrainConfig& config, const std::string& path);

}  // namespace intrain
