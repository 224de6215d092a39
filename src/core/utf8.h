// Well-formed UTF-8, character by character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace intrain {

struct Utf8Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: none begins here
};

// The character of well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, up to U+10FFFF) that `text`, which is not empty, begins with.
Utf8Character first_character(std::string_view text);

}  // namespace intrain
