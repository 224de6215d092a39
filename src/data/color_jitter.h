// Photos lighter or darker, with more or less contrast and colour (Howard, "Some improvements on deep convolutional neural network based
// image classification", 2013; torchvision's ColorJitter, but always in this order), on 8-bit pixels.
#pragma once

#include <cstdint>

#include "data/augmentation.h"

namespace intrain {

// In 2^-8: 256 leaves an image as it is. 0 .. 512.
struct ColorFactors {
  int brightness, contrast, saturation;
};

// 256 - r + below(i, 2 r + 1) with i = 48, 49, 50 of RandomStream{seed, kAugment, epoch, sample} for the r of brightness, contrast, saturation.
ColorFactors random_factors(const ColorJitter& jitter, uint64_t seed, uint32_t epoch, uint32_t sample);

// In place, image [pixels][c], with R(v) = clamp(rshift_round(v, 8), 0, 255):
//   brightness b:  p = R(p b)
//   contrast k:    p = R(p k + m (256 - k)),  m = div_round(sum of the pixels' grey, pixels)
//   saturation s:  p = R(p s + g (256 - s)),  g = the pixel's grey
// grey: of three channels that of to_grey (data/photo.h). Of fewer the channels are grey pixels by themselves, and s has no effect.
// 1 <= pixels < 2^53.
void jitter_colors(const ColorFactors& factors, int64_t pixels, int c, uint8_t* image);

}  // namespace intrain
