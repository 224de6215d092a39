// Start reading here: from the words after --data to images in memory.
#pragma once

#include <string>

#include "data/dataset.h"

namespace intrain {

// spec is one of
//   fashion-mnist[:DIR]     IDX files, plain or .gz; DIR defaults to where Debian's dataset-fashion-mnist puts them
//   mnist:DIR               the same file names
//   cifar10:DIR             data_batch_1.bin .. data_batch_5.bin, test_batch.bin (and batches.meta.txt)
//   cifar100:DIR            train.bin, test.bin (and fine_label_names.txt), fine labels
//   synthetic[:N[:SIDE]]    N generated training images of 12x12x1, or SIDExSIDEx3 (data/synthetic.h)
// Throws Error for an unknown spec and for whatever is wrong with the files.
DataSplits load_data(const std::string& spec);

// The spec without its directory: "fashion-mnist".
std::string data_name(const std::string& spec);

}  // namespace intrain
