// Which files of a folder are photos, at any depth; links are followed.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/left_out.h"

namespace intrain {

// Hidden files and folders (.DS_Store, ._name) and what Windows lays beside pictures (Thumbs.db, desktop.ini): not photos, and not spoken of.
bool is_companion(const std::string& name);

// Folders by device and number. None is entered twice on the way down from a class, nor one that the class lies in: links cannot lead in
// circles.
using FolderIds = std::set<std::pair<uint64_t, uint64_t>>;

struct ClassFolders {
  std::vector<std::string> names;  // in the order of their bytes
  FolderIds around;                // the folder itself, and those that it lies in
};
// The folders in `dir`, one a class; other entries go to `left_out`. Throws Error if it cannot be listed.
ClassFolders list_class_folders(const std::string& dir, std::vector<LeftOut>& left_out);

// The photos below `dir`/`name`, by their paths from there, in the order of the paths' bytes; what else there is goes to `left_out`. A photo
// is what is called one (has_photo_ending) or begins like one.
std::vector<std::string> list_photos(const std::string& dir, const std::string& name, const FolderIds& around,
                                     std::vector<LeftOut>& left_out);

}  // namespace intrain
