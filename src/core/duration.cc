#include "core/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace intrain {

std::string duration_text(double seconds) {
  const int64_t s = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60) : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace intrain
