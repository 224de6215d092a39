#include "data/folder_layout.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "data/left_out.h"
#include "data/paths.h"
#include "data/photo_listing.h"

namespace intrain {

namespace {

constexpr const char* kValNames[] = {"val", "valid", "validation"};

size_t count_folders(const std::string& dir) {
  std::vector<LeftOut> ignored;
  return list_class_folders(dir, ignored).names.size();
}

}  // namespace

FolderLayout find_layout(const std::string& dir) {
  check_folder(dir, layout_hint());
  const auto part = [&](const char* name) {
    std::string path = dir + "/" + name;
    return is_folder(path) ? path : std::string();
  };
  FolderLayout layout{false, part("train"), "", part("test")};
  for (const char* name : kValNames) {
    const std::string path = part(name);
    if (path.empty()) continue;
    if (!layout.val.empty())
      throw Error("two folders to evaluate on: " + layout.val + " and " + path, dir, "keep one, or put both together");
    layout.val = path;
  }
  const bool others = !layout.val.empty() || !layout.test.empty();
  if (!others && (layout.train.empty() || (count_folders(layout.train) == 0 && count_folders(dir) > 1)))
    return {true, dir, "", ""};
  return layout;
}

const std::string& layout_hint() {
  static const std::string text =
      "DIR must hold train/<class>/ and val/<class>/ (or valid, validation, test), or the class folders alone";
  return text;
}

}  // namespace intrain
