#include "data/photo_listing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "core/error.h"
#include "data/photo_kinds.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// The names in `dir` in the order of their bytes, without companions; those before the error if there is one.
std::vector<std::string> names_in(const std::string& dir, std::error_code& reason) {
  std::vector<std::string> names;
  for (fs::directory_iterator at(dir, reason), end; !reason && at != end; at.increment(reason)) {
    std::string name = at->path().filename().string();
    if (!is_companion(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::pair<uint64_t, uint64_t> id_of(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return {};
  return {s.st_dev, s.st_ino};
}

void add_with_parents(const std::string& dir, FolderIds& ids) {
  std::error_code ignored;
  for (fs::path at = fs::canonical(dir, ignored); !at.empty(); at = at.parent_path()) {
    ids.insert(id_of(at.string()));
    if (at == at.root_path()) break;
  }
}

// Links that lead nowhere, what cannot be looked up, and what is no file: nothing that can be read.
LeftOut unreadable_entry(const std::string& path, const fs::file_status& status, const std::error_code& reason) {
  std::error_code ignored;
  const bool missing = status.type() == fs::file_type::not_found || status.type() == fs::file_type::none;
  if (!missing) return {path, "neither a file nor a folder", LeftOutKind::kSpecial};
  if (fs::symlink_status(path, ignored).type() != fs::file_type::symlink)
    return {path, "cannot be looked up: " + reason.message(), LeftOutKind::kUnreadable};
  const std::string target = fs::read_symlink(path, ignored).string();
  return {path, "a link to " + target + " leads nowhere" + (status.type() == fs::file_type::none ? ": " + reason.message() : ""),
          LeftOutKind::kDeadLink};
}

// Why the regular file at `path`, whose name tells nothing, is no photo; empty if it is one.
LeftOut look_into(const std::string& path) {
  constexpr size_t kLooked = 64;  // more than any kind's mark
  uint8_t head[kLooked];
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const ssize_t got = file < 0 ? -1 : read(file, head, kLooked);
  const int error = errno;
  if (file >= 0) close(file);
  if (got < 0) return {path, "cannot be read: " + std::generic_category().message(error), LeftOutKind::kUnreadable};
  const auto size = static_cast<size_t>(got);
  if (photo_kind(head, size)) return {path, "", LeftOutKind::kOtherKind};
  return {path, unread_kind_text(head, size), LeftOutKind::kOtherKind};
}

struct Walk {
  FolderIds seen;
  std::vector<std::string> names;
  std::vector<LeftOut>& left_out;

  void add_file(const std::string& path, const std::string& name) {
    LeftOut looked = has_photo_ending(name) ? LeftOut{} : look_into(path);
    if (looked.why.empty())
      names.push_back(name);
    else
      left_out.push_back(std::move(looked));
  }

  // `from`: the path from the class to `dir`, with a slash at its end, or empty.
  void enter(const std::string& dir, const std::string& from) {
    std::error_code reason;
    const std::vector<std::string> inside = names_in(dir, reason);
    if (reason) left_out.push_back({dir, "cannot be listed: " + reason.message(), LeftOutKind::kFolder});
    for (const std::string& name : inside) {
      const std::string path = std::string(dir).append("/").append(name), here = std::string(from).append(name);
      std::error_code why;
      const fs::file_status status = fs::status(path, why);
      if (status.type() == fs::file_type::regular)
        add_file(path, here);
      else if (status.type() != fs::file_type::directory)
        left_out.push_back(unreadable_entry(path, status, why));
      else if (seen.insert(id_of(path)).second)
        enter(path, here + "/");
      else
        left_out.push_back({path, "the folder is read already, or lies around this one", LeftOutKind::kRepeated});
    }
  }
};

}  // namespace

bool is_companion(const std::string& name) {
  const std::string lower = lower_case(name);
  return name[0] == '.' || lower == "thumbs.db" || lower == "desktop.ini";
}

ClassFolders list_class_folders(const std::string& dir, std::vector<LeftOut>& left_out) {
  ClassFolders found;
  add_with_parents(dir, found.around);
  std::error_code reason;
  for (const std::string& name : names_in(dir, reason)) {
    const std::string path = std::string(dir).append("/").append(name);
    std::error_code why;
    const fs::file_status status = fs::status(path, why);
    if (status.type() == fs::file_type::regular)
      left_out.push_back({path, "it lies in no folder of a class", LeftOutKind::kNoClass});
    else if (status.type() != fs::file_type::directory)
      left_out.push_back(unreadable_entry(path, status, why));
    else if (found.around.contains(id_of(path)))
      left_out.push_back({path, "the folder lies around this one", LeftOutKind::kRepeated});
    else
      found.names.push_back(name);
  }
  if (reason) throw Error("cannot list it: " + reason.message(), dir, "check its permissions");
  return found;
}

std::vector<std::string> list_photos(const std::string& dir, const std::string& name, const FolderIds& around,
                                     std::vector<LeftOut>& left_out) {
  const std::string path = std::string(dir).append("/").append(name);
  Walk walk{around, {}, left_out};
  add_with_parents(path, walk.seen);
  walk.enter(path, "");
  // A folder's name and a file's may stand in another order than the whole paths do.
  std::sort(walk.names.begin(), walk.names.end());
  return std::move(walk.names);
}

}  // namespace intrain
