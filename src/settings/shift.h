// How far random windows may move: the setting `shift`.
#pragma once

#include <optional>

#include "settings/config.h"

namespace intrain {

// Pixels each way, 0 to 1000; none of "auto": as the data have it. Throws Error naming the setting for other texts.
std::optional<int> shift_of(const TrainConfig& config);

}  // namespace intrain
