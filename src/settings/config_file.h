// The configuration as a file: config.json of a run folder.
#pragma once

#include <string>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

// Sets what the file holds, a JSON object with members of config.json; `out` is passed over. Its recipe comes first, or `recipe` if it has
// none; another `recipe` than its own comes last. Throws Error naming the file and the member for what does not exist, is of another type or
// not possible.
INTRAIN_API void read_config(const std::string& path, TrainConfig& config, const std::string& recipe = "");
// The file config.json as a run wrote it: what an older one lacks is as it was then. Throws Error if it is none.
INTRAIN_API TrainConfig read_whole_config(const std::string& path);
// The file config.json: Error if it cannot be written.
INTRAIN_API void write_config(const std::string& path, const TrainConfig& config);

}  // namespace intrain
