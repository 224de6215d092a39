#include "core/byte_text.h"

#include <cstdint>

#include "core/utf8.h"

namespace intrain {

namespace {

constexpr uint32_t kBase = 0xf700;  // of a byte from 0x80 on: U+F780 to U+F7FF

bool is_byte(uint32_t code) { return code >= kBase + 0x80 && code <= kBase + 0xff; }

// Three bytes of UTF-8, as for all of U+0800 to U+FFFF.
void append_byte(std::string& out, char c) {
  const uint32_t code = kBase + static_cast<uint8_t>(c);
  out += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

}  // namespace

std::string to_unicode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Utf8Character c = first_character(bytes);
    const std::string_view part = bytes.substr(0, c.bytes == 0 ? 1 : c.bytes);
    if (c.bytes > 0 && !is_byte(c.code))
      out += part;
    else
      for (const char byte : part) append_byte(out, byte);
    bytes.remove_prefix(part.size());
  }
  return out;
}

std::string from_unicode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    const std::string_view part = text.substr(0, c.bytes == 0 ? 1 : c.bytes);
    if (c.bytes > 0 && is_byte(c.code))
      out += static_cast<char>(c.code - kBase);
    else
      out += part;
    text.remove_prefix(part.size());
  }
  return out;
}

}  // namespace intrain
