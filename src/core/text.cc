#include "core/text.h"

#include <fmt/format.h>

#include <cstdint>

#include "core/utf8.h"

namespace intrain {

namespace {

// Whether a terminal obeys it, or shows what comes after it elsewhere.
bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(c);
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    const std::string_view part = text.substr(0, c.bytes == 0 ? 1 : c.bytes);
    if (c.bytes > 0 && !is_control(c.code))
      out += part;
    else
      for (const char byte : part) append_escaped(out, byte);
    text.remove_prefix(part.size());
  }
  return out;
}

std::string plural(int64_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

}  // namespace intrain
