// Numbers as people write them. Not in core, which has no floating point.
#pragma once

#include <charconv>
#include <cmath>
#include <string>

namespace intrain {

// The shortest decimal text that is read as `value` again: 0.1, 1e-9, nan.
inline std::string number_text(double value) {
  char digits[32];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  if (const size_t exp = text.find("e-0"); exp != std::string::npos) text.erase(exp + 2, 1);
  return text;
}

// "12.34 %" of 0.1234; "-" of what is no number.
inline std::string percent_text(double share, int digits = 2) {
  if (std::isnan(share)) return "-";
  char text[64];
  return std::string(text, std::to_chars(text, text + sizeof text, 100 * share, std::chars_format::fixed, digits).ptr) + " %";
}

}  // namespace intrain
