// Numbers in the words after --data.
#pragma once

#include <string>

namespace intrain {

constexpr int kMostSpecSide = 512;  // of images whose size a spec says

// The number that `digits` says, 0 if it is none or too long.
inline int spec_number(const std::string& digits) {
  const bool number =
      !digits.empty() && digits[0] != '0' && digits.size() <= 7 && digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoi(digits) : 0;
}

}  // namespace intrain
