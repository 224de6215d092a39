#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "io/atomic_file.h"

namespace intrain::cli {

int print_error(const std::string& what, const std::string& where, const std::string& hint) {
  constexpr int kBadInput = 2;
  std::fflush(stdout);
  fmt::print(stderr, "error: {}{}\nhint: {}\n", what, where.empty() ? "" : fmt::format(" ({})", where), hint);
  return kBadInput;
}

void check_writable(const char* flag, const std::string& path) {
  if (path.empty() || path == "-") return;
  try {
    AtomicFile probe(path);
  } catch (const Error& e) {
    throw Error(e.what(), fmt::format("{} {}", flag, path), e.hint);
  }
}

void write_result(const std::string& path, const std::string& text) {
  if (path == "-")
    fmt::print("{}", text);
  else if (!path.empty())
    write_file(path, text);
}

int name_columns(const std::vector<std::string>& names) {
  constexpr int kMost = 28;
  int columns = 0;
  for (const std::string& name : names) {
    // Bytes of UTF-8 that begin a character.
    const auto characters = std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xc0) != 0x80; });
    columns = std::max(columns, static_cast<int>(std::min<int64_t>(characters, kMost)));
  }
  return columns;
}

}  // namespace intrain::cli
