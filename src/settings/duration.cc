#include "settings/duration.h"

#include <algorithm>
#include <cstdint>

namespace intrain {

namespace {

std::string two_digits(int64_t value) { return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)}; }

}  // namespace

std::string duration_text(double seconds) {
  const int64_t s = static_cast<int64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  const int64_t hours = s / 3600, minutes = s / 60 % 60;
  std::string text = hours == 0 ? std::to_string(minutes) : std::to_string(hours);
  if (hours > 0) text.append(":").append(two_digits(minutes));
  return text.append(":").append(two_digits(s % 60));
}

}  // namespace intrain
