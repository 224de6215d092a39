#include "settings/shift.h"

#include <charconv>

#include "core/error.h"

namespace intrain {

std::optional<int> shift_of(const TrainConfig& config) {
  const std::string& text = config.shift;
  if (text == "auto") return {};
  constexpr int kMost = 1000;
  int shift = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, shift);
  if (error != std::errc() || stop != end || text[0] == '-' || (text[0] == '0' && text.size() > 1) || shift > kMost)
    throw Error("'" + text + "' is not possible", Setting{"shift"},
                "`shift` takes a whole number from 0 to " + std::to_string(kMost) + ", or auto");
  return shift;
}

}  // namespace intrain
