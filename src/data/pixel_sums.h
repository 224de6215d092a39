// What the mean and the deviation of pixels are made of (data/normalization.h).
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace intrain {

// Adds the pixels [pixels][channels] to sums [channels]. All that are added there are at most 2^46 a channel: the squares are then below 2^62.
void add_pixels(const uint8_t* image, int64_t pixels, int channels, PixelSums* sums);

}  // namespace intrain
