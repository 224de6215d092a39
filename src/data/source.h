// Start reading here: from the words after --data to a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/parallel.h"
#include "data/dataset.h"

namespace intrain {

class Reducer;

// Where what was found in photos is kept from one start to the next: the folder that INTRAIN_CACHE names, nowhere (empty) if it is set and
// empty, else intrain in $XDG_CACHE_HOME, or in ~/.cache. Empty too if none of them is known.
INTRAIN_API std::string cache_folder();

// Which images become `test` of what is loaded to evaluate on: those that training evaluates on, or one of its parts by name. `val` is the
// folder of that name, or what val_share splits off; `test` of data in memory are their test images.
enum class Split { kEvaluation, kTrain, kVal, kTest };

struct LoadOptions {
  bool evaluation_only = false;  // the training images may be left out
  // Called now and then while there are photos to look at, with how many are done, and of how many; from any thread, one at a time.
  std::function<void(int64_t done, int64_t total)> progress = {};
  int threads = available_threads();  // that look at photos
  Split split = Split::kEvaluation;   // evaluation_only
  // Share of the training images of each class that is split off to evaluate on, in 2^-30 (data/validation_share.h); 0: none.
  int64_t val_share = 0;
  bool transpose = false;  // of IDX files: exchange rows and columns of each image, which EMNIST stores the other way
  // evaluation_only, photos in folders: the classes by number, where they are known; a folder need not have all of them. Empty: those of the
  // training folder.
  std::vector<std::string> class_names = {};
  // Of ranks that load the same at once: each looks at its share of the photos, and all have the same result, and the same errors. Null: one process.
  Reducer* ranks = nullptr;
  int side = 0;                     // of photos whose spec says none; 0: 224
  int crop_q16 = kStandardCropQ16;  // Dataset::crop_q16 of photos
  // Photos in folders: those that were found readable at an earlier start, and have not changed since, are not read again. Empty: all are.
  std::string cache = cache_folder();
};

// Whether both make the same of a spec.
INTRAIN_API bool same_images(const LoadOptions& a, const LoadOptions& b);

// spec: one of those of data/sources.def, as "fashion-mnist" or "folder:DIR:SIDE". A DIR that begins with ~/ lies in $HOME. Throws Error for an
// unknown spec and for whatever is wrong with the files.
INTRAIN_API DataSplits load_data(const std::string& spec, const LoadOptions& options = {});

// The spec without its directory: "fashion-mnist".
INTRAIN_API std::string data_name(const std::string& spec);

// Whether both specs name the same images, be it at another size; of folders, by what they are, not by what they are called.
INTRAIN_API bool same_data(const std::string& a, const std::string& b);

// The specs that there are, each with what it means in brackets.
INTRAIN_API std::string data_help();

// Whether `spec` names IDX files, which can be transposed.
INTRAIN_API bool is_idx_data(const std::string& spec);

}  // namespace intrain
