// What whoever reads a set of images relies on.
#pragma once

#include "data/dataset.h"

namespace intrain {

// Throws Error unless the set has images, of 1 to kMaxChannels channels, and those in memory are as many as it says.
void check_dataset(const Dataset& set);

}  // namespace intrain
