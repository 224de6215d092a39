// The configuration as the JSON object that config.json and checkpoints hold.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "settings/config.h"

namespace intrain {

void to_json(nlohmann::ordered_json& json, const TrainConfig& config);
// Throws nlohmann's exception if a member is missing or of another type.
void from_json(const nlohmann::ordered_json& json, TrainConfig& config);

}  // namespace intrain
