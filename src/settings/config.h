// The configuration of a training run: what the flags of `intrain train` say and config.json holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/widths.h"

namespace intrain {

// A member for each row of settings.def, which says what it means and may be.
struct TrainConfig {
#define INTRAIN_SETTING(type, name, initial, ...) type name = initial;
#include "settings/settings.def"
#undef INTRAIN_SETTING
  Widths widths = {};  // the number formats (settings/width_keys.h)
};

// Throws Error naming the first setting that cannot be.
INTRAIN_API void validate(const TrainConfig& config);
// Throws Error naming the first setting of a valid configuration that was given and does nothing beside the others: whoever gave it thinks that it
// does something. given: of a setting's key.
INTRAIN_API void refuse_idle(const TrainConfig& config, const std::function<bool(const char* key)>& given);
INTRAIN_API void validate_batch(int batch);
INTRAIN_API void validate_threads(int threads);

}  // namespace intrain
