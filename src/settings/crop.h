// What evaluation sees of a photo: the setting `crop`.
#pragma once

#include <string>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

// A share from 0.1 to 1, in decimal, or "whole". The side of a square in the middle of a photo over its shorter side, in 2^-16, to nearest (0.875:
// 57344); 0 of "whole": all of the photo. Throws Error naming the setting.
INTRAIN_API int parse_crop(const std::string& text);

// That of a training: "auto" is 0.875, and "whole" where training, too, sees the images as they are (augment "none").
INTRAIN_API int crop_of(const TrainConfig& config);

// "their middle square of 0.875 of the shorter side", "all of them".
INTRAIN_API std::string crop_text(int crop_q16);

// What a configuration without the setting means, as older versions wrote it: they knew 0.875 alone.
INTRAIN_API std::string crop_before_it_was_a_setting(const std::string& augment);

}  // namespace intrain
