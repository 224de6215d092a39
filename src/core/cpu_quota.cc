#include "core/cpu_quota.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace intrain {

namespace {

// The words of a line, or the members of a list.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, separator);) words.push_back(word);
  return words;
}

bool holds(const std::string& list, const char* name) {
  const std::vector<std::string> members = split(list, ',');
  return std::find(members.begin(), members.end(), name) != members.end();
}

// The first line of a file, empty if there is none.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A whole decimal number above 0.
std::optional<int64_t> to_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return {};
  return number;
}

int to_cores(std::string_view quota, std::string_view period) {
  const std::optional<int64_t> q = to_number(quota), p = to_number(period);
  if (!q || !p) return INT_MAX;
  return static_cast<int>(std::min<int64_t>(INT_MAX, (*q - 1) / *p + 1));
}

int limit_of_group(const std::string& dir, bool v2) {
  if (!v2) return to_cores(first_line(dir + "/cpu.cfs_quota_us"), first_line(dir + "/cpu.cfs_period_us"));
  const std::vector<std::string> words = split(first_line(dir + "/cpu.max"), ' ');
  return words.size() == 2 ? to_cores(words[0], words[1]) : INT_MAX;
}

// The kernel writes a space, tab, newline or backslash of a path as \ and three octal digits.
std::string unescape(const std::string& text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '\\' && i + 3 < text.size() && std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3) {
      path += static_cast<char>(code);
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

// Where the groups of the controller are mounted, and which of them is at that place.
struct Mount {
  std::string point, group;
};

// Of a line ID PARENT DEVICE GROUP POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS of mountinfo.
std::optional<Mount> to_mount(const std::string& line, bool v2) {
  const std::vector<std::string> words = split(line, ' ');
  const auto dash = std::find(words.begin() + std::min<std::ptrdiff_t>(6, std::ssize(words)), words.end(), "-");
  if (words.end() - dash < 4) return {};
  if (dash[1] != (v2 ? "cgroup2" : "cgroup") || (!v2 && !holds(dash[3], "cpu"))) return {};
  return Mount{unescape(words[4]), unescape(words[3])};
}

// Whether `path` is `above` or below it.
bool is_within(const std::string& path, const std::string& above) {
  return path.starts_with(above) && (above.ends_with('/') || path.size() == above.size() || path[above.size()] == '/');
}

// The least limit from `group` up to the one that is mounted. A group out of the mount's sight leaves the one that is mounted.
int limit_on_the_way(const std::string& root, const Mount& mount, const std::string& group, bool v2) {
  std::string rest = is_within(group, mount.group) ? group.substr(mount.group.size()) : "";
  int limit = INT_MAX;
  while (true) {
    limit = std::min(limit, limit_of_group(root + mount.point + "/" + rest, v2));
    if (rest.empty()) return limit;
    rest.resize(rest.find_last_of('/') == std::string::npos ? 0 : rest.find_last_of('/'));
  }
}

}  // namespace

int cpu_quota(const std::string& root) {
  int limit = INT_MAX;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // ID:CONTROLLERS:GROUP; version 2 names no controllers.
    const size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    const bool v2 = controllers.empty();
    if (!v2 && !holds(controllers, "cpu")) continue;
    std::ifstream mounts(root + "/proc/self/mountinfo");
    for (std::string entry; std::getline(mounts, entry);)
      if (const std::optional<Mount> mount = to_mount(entry, v2))
        limit = std::min(limit, limit_on_the_way(root, *mount, group, v2));
  }
  return limit;
}

}  // namespace intrain
