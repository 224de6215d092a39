// Data sets of MNIST's kind: four IDX files, plain or compressed (.gz).
//
// train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-images-... and t10k-labels-...; or, as EMNIST has them, PREFIX-train-images-...
// and PREFIX-test-images-... (or PREFIX-t10k-...) with a prefix such as emnist-letters.
#pragma once

#include <string>

#include "data/dataset.h"

namespace intrain {

// path: DIR, whose only set it is, without a prefix if there is one of those; or DIR/PREFIX. transpose: exchanges rows and columns of each
// image.
//
// Classes: 10 for files without a prefix whose labels are below 10. Else as many as there are labels, from 0 or, as of EMNIST's letters, from
// 1: these are then moved down by one, and the classes called by what the files say. Each label must occur among the training images.
// Throws Error if a file is missing, damaged, or does not fit the others.
DataSplits load_mnist(const std::string& path, bool transpose);

// The same files of Fashion-MNIST, whose 10 classes have names; dir empty: where Debian's package puts them.
DataSplits load_fashion_mnist(const std::string& dir, bool transpose);

}  // namespace intrain
