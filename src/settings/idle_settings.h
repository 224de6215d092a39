// Settings that do nothing beside the others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

struct IdleSetting {
  const char* key;
  std::string why, hint;
};

// Of a valid configuration: those whose values are others than the defaults, and of which no result depends.
std::vector<IdleSetting> idle_settings(const TrainConfig& config);

// Throws Error naming the first of them that was given: whoever gave it thinks that it does something. given: of a setting's key.
INTRAIN_API void refuse_idle(const TrainConfig& config, const std::function<bool(const char* key)>& given);

}  // namespace intrain
