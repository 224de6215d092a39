// Photos in folders, one a class.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "data/dataset.h"

namespace intrain {

// dir/train/<class>/*.jpg, .jpeg, .png (in any case) and dir/val/<class>/... or dir/test/<class>/...: classes are the folders of train
// in the order of their names' bytes, files likewise; names that begin with a dot are passed over. Every file is decoded once, on
// `threads` threads: the damaged ones are left out and listed, the rest give the histograms of the training images. progress, if there is one, is
// called now and then with how many files are done, and of how many.
// evaluation_only: the training photos are not read, and train stays empty but for its size and classes.
// Throws Error if a folder is missing, a class has no photos that can be read in train, or val has a class that train lacks.
DataSplits load_image_folder(const std::string& dir, int side, bool evaluation_only, int threads,
                             const std::function<void(int64_t, int64_t)>& progress);

}  // namespace intrain
