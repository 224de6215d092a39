// Times for people. Not in core, which has no floating point.
#pragma once

#include <string>

namespace intrain {

// "1:05" or "2:03:04".
std::string duration_text(double seconds);

}  // namespace intrain
