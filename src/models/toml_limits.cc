#include "models/toml_limits.h"

#include <cstddef>

namespace intrain {

namespace {

// The end of the string that begins at `at` with a quote: behind the closing one, or, of one that is not closed, at the end of its line (of the
// text, if it may have several).
size_t end_of_string(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool escapes = quote == '"';
  const bool lines = text.substr(at, 3) == std::string_view(escapes ? "\"\"\"" : "'''");
  for (size_t i = at + (lines ? 3 : 1); i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      if (lines || (i + 1 < text.size() && text[i + 1] != '\n')) ++i;
    } else if (!lines && text[i] == '\n') {
      return i;
    } else if (text[i] == quote && !lines) {
      return i + 1;
    } else if (text[i] == quote && text.substr(i, 3) == text.substr(at, 3)) {
      i += 3;
      for (int inside = 0; inside < 2 && i < text.size() && text[i] == quote; ++inside) ++i;  // it may end with two of them
      return i;
    }
  }
  return text.size();
}

}  // namespace

int line_of_long_key(std::string_view text) {
  int line = 1, points = 0;
  for (size_t i = 0; i < text.size();) {
    switch (text[i]) {
      case '#':
        while (i < text.size() && text[i] != '\n') ++i;
        continue;
      case '"':
      case '\'': {
        const size_t end = end_of_string(text, i);
        for (; i < end; ++i) line += text[i] == '\n';
        continue;
      }
      case '\n':
        ++line;
        [[fallthrough]];
      case '=':
      case ',':
      case '[':
      case ']':
      case '{':
      case '}':
        points = 0;
        break;
      case '.':
        if (++points >= kMaxKeyParts) return line;
        break;
    }
    ++i;
  }
  return 0;
}

}  // namespace intrain
