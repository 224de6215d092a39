// Where in a folder the photos for training and for evaluation are.
#pragma once

#include <string>

namespace intrain {

// Paths; empty where there is none. `flat`: the folder holds the classes itself, and `train` is the folder.
struct FolderLayout {
  bool flat = false;
  std::string train, val, test;
};

// dir/train; dir/val, or dir/valid, dir/validation; dir/test. The folder is flat where none of them is there, or where `train` alone is, holds
// no folder, and there are others: a class of that name. Throws Error if there is no such folder, or two of the names of val.
FolderLayout find_layout(const std::string& dir);

// What find_layout looks for, as a hint.
const std::string& layout_hint();

}  // namespace intrain
