// CIFAR binary files: records of one or two label bytes and 3072 pixels, three planes of 32 x 32.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace intrain {

enum class CifarKind { kCifar10, kCifar100 };

// Appends the records of one file to `set` as [h][w][c] images. CIFAR-100: the fine label. Throws Error if the file cannot be
// read, is not a whole number of records (3073 or 3074 bytes), or holds a label out of range.
void append_cifar(const std::string& path, CifarKind kind, Dataset& set);

// One name a line, empty lines left out; empty if there is no such file.
std::vector<std::string> read_class_names(const std::string& path);

}  // namespace intrain
