// Which border of random windows an imported net knows, by what it says of images with either.
#pragma once

#include <atomic>
#include <cstdint>

#include "data/dataset.h"
#include "nn/net.h"

namespace intrain {

// How many of about `images` training images the net gets right in random windows, by what these show beyond the images' border. In memory
// only: photos' windows lie inside. Throws Error once *stop is not 0.
struct BorderHits {
  int64_t mean = 0, black = 0;
};
BorderHits border_hits(Net& net, const Dataset& train, const Normalization& norm, bool mirror, int images, int batch,
                       const std::atomic<int>* stop = nullptr);

}  // namespace intrain
