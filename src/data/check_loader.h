// What a Loader relies on.
#pragma once

#include "data/dataset.h"
#include "data/loader_options.h"

namespace intrain {

// Throws Error for options that cannot be, and for a set without images (check_dataset) or with fewer photos or labels than it says.
void check_loader(const Dataset& set, const LoaderOptions& options);

// What options.shift is for these images.
int shift_of(const Dataset& set, const LoaderOptions& options);

}  // namespace intrain
