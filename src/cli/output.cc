#include "cli/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <regex>

#include "core/error.h"
#include "core/text.h"
#include "io/atomic_file.h"
#include "settings/train_command.h"

namespace intrain::cli {

namespace {

// Why stdout could not be written first; 0: it could.
int g_lost = 0;
bool g_told = false;
// Of a rank but the first: "rank 2 on node7: ".
std::string g_rank;

void remember(bool written) {
  if (!written && g_lost == 0) g_lost = errno != 0 ? errno : EIO;
}

Error lost_output() {
  std::string hint = "send it elsewhere; files that were asked for are written all the same";
  if (g_lost == EPIPE) hint = "the program that reads it has ended; files that were asked for are written all the same";
  if (g_lost == ENOSPC || g_lost == EDQUOT) hint = "free some space, or " + hint;
  return {std::string("cannot write to standard output: ") + std::strerror(g_lost), "", hint};
}

}  // namespace

void prepare_streams() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  // In this order open takes the lowest descriptor that is free. What is written to a closed stdout is an error; a closed stderr is where
  // that would be told.
  for (const auto& [fd, flags] : {std::pair{STDIN_FILENO, O_RDONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}})
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd) std::abort();
}

int print_error(const std::string& what, const std::string& where, const std::string& hint) {
  constexpr int kBadInput = 2;
  flush(stdout);
  const std::string text = fmt::format("error: {}{}{}\nhint: {}\n", g_rank, printable(what),
                                       where.empty() ? "" : fmt::format(" ({})", printable(where)), printable(hint));
  std::fwrite(text.data(), 1, text.size(), stderr);
  return kBadInput;
}

void set_rank(const std::string& name, bool first) { g_rank = first ? "" : name + ": "; }

bool is_silent() { return !g_rank.empty(); }

void print_warning(const std::string& text) {
  const std::string line = fmt::format("warning: {}\n", printable(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int print_error(const Error& error) { return print_error(error.what(), place_of(error), with_flags(error.hint)); }

std::string place_of(const Error& error) {
  if (error.setting.empty()) return error.where;
  return flag_of(error.setting) + (error.where.empty() ? "" : " " + error.where);
}

std::string with_flags(const std::string& text) {
  static const std::regex kSetting("`([a-z][a-z0-9_.]*)`");
  std::string out;
  auto rest = text.cbegin();
  for (std::sregex_iterator match(rest, text.cend(), kSetting), end; match != end; ++match) {
    out.append(rest, (*match)[0].first).append(flag_of((*match)[1]));
    rest = (*match)[0].second;
  }
  return out.append(rest, text.cend());
}

void print_text(std::FILE* out, const std::string& text) {
  if (is_silent()) return;
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size();
  if (out == stdout) remember(written);
}

void flush(std::FILE* out) {
  errno = 0;
  const bool written = std::fflush(out) == 0;
  if (out == stdout) remember(written);
}

void check_stdout() {
  flush(stdout);
  if (g_lost == 0) return;
  g_told = true;
  throw lost_output();
}

int finish(int status) {
  flush(stdout);
  // Some file systems tell only now that there is no space.
  if (const int copy = dup(STDOUT_FILENO); copy >= 0) remember(close(copy) == 0);
  if (g_lost == 0 || g_told) return status;
  const int bad = print_error(lost_output());
  return status == 0 ? bad : status;
}

void check_writable(const char* flag, const std::string& path) {
  if (path.empty() || path == "-" || is_silent()) return;
  try {
    check_output(path);
  } catch (const Error& e) {
    throw Error(e.what(), fmt::format("{} {}", flag, path), e.hint);
  }
}

void write_result(const std::string& path, const std::string& text) {
  if (path == "-")
    print_text(stdout, text);
  else if (!path.empty() && !is_silent())
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
