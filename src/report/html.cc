#include "report/html.h"

#include <algorithm>
#include <cstdint>

#include "core/text.h"

namespace intrain {

namespace {

void add_escaped(char c, std::string& html) {
  switch (c) {
    case '&':
      html += "&amp;";
      break;
    case '<':
      html += "&lt;";
      break;
    case '>':
      html += "&gt;";
      break;
    case '"':
      html += "&quot;";
      break;
    case '\'':
      html += "&#39;";
      break;
    default:
      html += c;
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  while (true) {
    // Line breaks and tabs are space in a page; what else is no text stands as printable() has it.
    const size_t end = std::min(text.find_first_of("\n\t"), text.size());
    for (const char c : printable(text.substr(0, end))) add_escaped(c, html);
    if (end == text.size()) return html;
    html += text[end];
    text.remove_prefix(end + 1);
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) bits = bits << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string png_data_uri(std::string_view png) { return "data:image/png;base64," + base64(png); }

}  // namespace intrain
