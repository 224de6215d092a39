// One image into the net's input: normalization, random crop, random mirror.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace intrain {

// Where the window lies in an image with a border of `pad` pixels, dy and dx in [0, 2 pad], and whether it is mirrored.
struct Crop {
  int dy, dx;
  bool mirrored;
};

// Border of a random crop: 4 pixels from 32 rows on, 2 below.
constexpr int crop_pad(int h) { return h >= 32 ? 4 : 2; }

// A function of (seed, epoch, sample): bits 0, 1 and 2 of RandomStream{seed, kAugment, epoch, sample}. mirror: whether to mirror
// at all.
Crop random_crop(uint64_t seed, uint32_t epoch, uint32_t sample, int pad, bool mirror);

// dst[y][x'][ch] = table[ch][src[y + dy - pad][x + dx - pad][ch]], 0 outside the image, x' = x or, mirrored, w - 1 - x.
// src u8 and dst s8 are [h][w][c].
void crop_image(const uint8_t* src, int h, int w, int c, const Normalization& norm, int pad, const Crop& crop, int8_t* dst);

// dst[i] = table[ch][src[i]]: an image as it is.
void normalize_image(const uint8_t* src, int64_t pixels, int c, const Normalization& norm, int8_t* dst);

}  // namespace intrain
