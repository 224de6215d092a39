#include "data/paths.h"

#include <cstdlib>

#include "core/error.h"
#include "data/source.h"

namespace intrain {

namespace fs = std::filesystem;

fs::file_type type_of(const std::string& path) {
  std::error_code reason;
  const fs::file_status status = fs::status(path, reason);
  if (!fs::status_known(status))
    throw Error("cannot look it up: " + reason.message(), path, "check the path and its permissions");
  return status.type();
}

bool is_folder(const std::string& path) { return type_of(path) == fs::file_type::directory; }

void check_folder(const std::string& path, const std::string& hint) {
  if (!is_folder(path)) throw Error("no such folder", path, hint);
}

std::string expand_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  const bool tilde = path == "~" || path.starts_with("~/");
  if (!tilde || home == nullptr || *home == '\0' || type_of("~") != fs::file_type::not_found) return path;
  return home + path.substr(1);
}

std::string cache_folder() {
  const auto given = [](const char* name) { return std::string(std::getenv(name) == nullptr ? "" : std::getenv(name)); };
  if (std::getenv("INTRAIN_CACHE") != nullptr) return given("INTRAIN_CACHE");
  // A path that is not absolute is to be passed over, says the XDG Base Directory Specification.
  if (const std::string folder = given("XDG_CACHE_HOME"); folder.starts_with("/")) return folder + "/intrain";
  if (const std::string home = given("HOME"); home.starts_with("/")) return home + "/.cache/intrain";
  return "";
}

}  // namespace intrain
