// CIFAR binary files: records of one or two label bytes and 3072 pixels, three planes of 32 x 32.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace intrain {

enum class CifarKind { kCifar10, kCifar100 };

// The records of the files, one after the other, as [h][w][c] images. CIFAR-100: the fine label. Throws Error if a file cannot be
// read, is not a whole number of records (3073 or 3074 bytes), or holds a label out of range.
Dataset read_cifar(const std::vector<std::string>& paths, CifarKind kind);

// One name a line, empty lines left out; empty if there is no such file.
std::vector<std::string> read_class_names(const std::string& path);

// The files of `dir`, of the names that they have in the archives. Throws Error if one is missing.
DataSplits load_cifar(const std::string& dir, CifarKind kind);

}  // namespace intrain
