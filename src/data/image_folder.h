// Photos in folders, one a class.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/source.h"

namespace intrain {

// The photos in the folders of the classes of `dir`, wherever folder_layout.h finds them: classes in the order of their names' bytes, and
// in each the photos, at any depth, in that of their paths' (photo_listing.h). Every photo is decoded once, on options.threads threads, but for
// those that the manifest in options.cache knows (photo_manifest.h): what cannot be is left out, and the rest give the pixel sums of the training
// images. What is left out is in `broken` and `left_out`.
//
// train: the training photos, without those that are split off; test: those that training evaluates on: of val, or a share of the training
// photos where options.val_share is above 0, else of test.
// options.evaluation_only: test holds the photos that options.split names, and nothing else is read; train stays empty but for its size and
// classes. The classes are options.class_names, if there are any; a folder alone that holds class folders is then the set to evaluate on.
//
// Throws Error if a folder is missing, a class has no photos that can be read for training, there is nothing to evaluate on, or a folder there
// is of no class.
DataSplits load_image_folder(const std::string& dir, int side, const LoadOptions& options);

}  // namespace intrain
