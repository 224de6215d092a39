// A step as a picture: its time by operator on the left, by layer and operator on the right.
#pragma once

#include <string>

#include "bench/net_times.h"

namespace intrain {

// Written atomically; as high as the layers need. Throws Error if it cannot be.
void write_step_chart(const std::string& path, const std::string& title, const NetTimes& times);

}  // namespace intrain
