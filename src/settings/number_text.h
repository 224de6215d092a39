// Numbers as people write them.
#pragma once

#include <charconv>
#include <string>

namespace intrain {

// The shortest decimal text that is read as `value` again: 0.1, 1e-9, nan.
inline std::string number_text(double value) {
  char digits[32];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  if (const size_t exp = text.find("e-0"); exp != std::string::npos) text.erase(exp + 2, 1);
  return text;
}

}  // namespace intrain
