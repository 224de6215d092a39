// Settings that do nothing beside the others (refuse_idle of settings/config.h).
#pragma once

#include <string>
#include <vector>

#include "settings/config.h"

namespace intrain {

struct IdleSetting {
  const char* key;
  std::string why, hint;
};

// Of a valid configuration: those whose values are others than the defaults, and of which no result depends.
std::vector<IdleSetting> idle_settings(const TrainConfig& config);

}  // namespace intrain
