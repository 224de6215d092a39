#include "core/shell.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>

#include "core/text.h"

namespace intrain {

namespace {

// Every byte that is no plain ASCII as \ooo, which ends after three digits whatever follows.
std::string escaped_word(const std::string& text) {
  std::string word = "$'";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\'' || c == '\\')
      word += {'\\', c};
    else if (byte >= 0x20 && byte < 0x7f)
      word += c;
    else
      word += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
               static_cast<char>('0' + (byte & 7))};
  }
  return word + "'";
}

}  // namespace

std::string shell_word(const std::string& text) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || std::strchr("_./:=,@%+-", c) != nullptr; };
  if (!text.empty() && text.find('\0') == std::string::npos && std::all_of(text.begin(), text.end(), is_plain)) return text;
  if (printable(text) != text) return escaped_word(text);
  std::string word = "'";
  for (const char c : text)
    if (c == '\'')
      word += "'\\''";
    else
      word += c;
  return word + "'";
}

std::string shell_flag(const std::string& flag, const std::string& value) {
  return flag + (value.starts_with('-') ? "=" : " ") + shell_word(value);
}

}  // namespace intrain
