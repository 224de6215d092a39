// Start reading here: from the words after --data to a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/api.h"
#include "core/parallel.h"
#include "data/dataset.h"

namespace intrain {

struct LoadOptions {
  bool evaluation_only = false;  // the training images may be left out
  // Called now and then while there are photos to look at, with how many are done, and of how many; from any thread, one at a time.
  std::function<void(int64_t done, int64_t total)> progress;
  int threads = available_threads();  // that look at photos
};

// spec is one of
//   fashion-mnist[:DIR]     IDX files, plain or .gz; DIR defaults to where Debian's dataset-fashion-mnist puts them
//   mnist:DIR               the same file names
//   cifar10:DIR             data_batch_1.bin .. data_batch_5.bin, test_batch.bin (and batches.meta.txt)
//   cifar100:DIR            train.bin, test.bin (and fine_label_names.txt), fine labels
//   folder:DIR[:SIDE]       photos in DIR/train/<class>/ and DIR/val/<class>/, scaled to SIDE x SIDE, 224 if not given
//                           (data/image_folder.h)
//   synthetic[:N[:SIDE]]    N generated training images of 12x12x1, or SIDExSIDEx3 (data/synthetic.h)
// Throws Error for an unknown spec and for whatever is wrong with the files.
INTRAIN_API DataSplits load_data(const std::string& spec, const LoadOptions& options = {});

// The spec without its directory: "fashion-mnist".
INTRAIN_API std::string data_name(const std::string& spec);

}  // namespace intrain
