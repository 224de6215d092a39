#include "io/output_path.h"

#include <fcntl.h>
#include <sys/statfs.h>

#include <charconv>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

// Links of /proc lead to what is open, which need not have a name: they are opened, not followed.
bool in_proc(const fs::path& folder) {
  constexpr int kProc = 0x9fa0;  // statfs(2)
  struct statfs s {};
  return statfs(folder.c_str(), &s) == 0 && s.f_type == kProc;
}

bool is_mount_point(const fs::path& file) {
  struct statx s {};
  return statx(AT_FDCWD, file.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &s) == 0 &&
         (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int descriptor_of(const fs::path& folder, const std::string& name) {
  std::error_code none;
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number && fs::equivalent(folder, "/proc/self/fd", none) ? number : -1;
}

}  // namespace

OutputPath find_output(const std::string& path) {
  constexpr int kMostLinks = 40;  // as Linux follows
  fs::path at = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    OutputPath output{at.string(), false, -1, {}};
    const fs::path folder = at.has_parent_path() ? at.parent_path() : ".";
    struct stat s {};
    if (in_proc(folder)) {
      output.in_place = true;
      output.descriptor = descriptor_of(folder, at.filename().string());
      return output;
    }
    if (lstat(at.c_str(), &s) != 0) return output;
    if (!S_ISLNK(s.st_mode)) {
      output.in_place = !S_ISDIR(s.st_mode) && (!S_ISREG(s.st_mode) || is_mount_point(at));
      output.before = s;
      return output;
    }
    std::error_code error;
    const fs::path target = fs::read_symlink(at, error);
    if (error) throw Error("cannot follow the link: " + error.message(), path, "check the path");
    at = folder / target;
  }
  throw Error("its links lead in a circle", path, "check the path");
}

}  // namespace intrain
