// A first layer that whitens what it reads.
#pragma once

#include <atomic>

#include "data/dataset.h"
#include "nn/net.h"

namespace intrain {

// The filters of the net's first layer. Throws Error unless it is a convolution with batch norm that reads all channels of the images and has two
// filters for each number of a patch.
Parameter& whitening_filters(Net& net);

// Makes them the eigenvectors of the patches of `images` (data/whitening.h), by falling eigenvalue, and then the same negated, rounded to the net's
// stored W and clamped to it; the batch norm divides by their deviations. The net is initialized; its parameters are to be quantized after it. Throws
// Error for what patch_moments() does not take, and once *stop is not 0.
void whiten_first_layer(Net& net, const Dataset& images, const Normalization& norm, const std::atomic<int>* stop);

}  // namespace intrain
