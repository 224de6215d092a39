// One image into the net's input: normalization, random crop, random mirror.
#pragma once

#include <cstdint>

#include "data/dataset.h"
#include "data/photo.h"

namespace intrain {

// Where the window lies in an image in memory with a border of `pad` pixels, dy and dx in [0, 2 pad], and whether it is mirrored.
struct Crop {
  int dy, dx;
  bool mirrored;
};

// Border of a random crop: 4 pixels from 32 rows on, 2 below.
constexpr int crop_pad(int h) { return h >= 32 ? 4 : 2; }

// A function of (seed, epoch, sample): bits 0, 1 and 2 of RandomStream{seed, kAugment, epoch, sample}. mirror: whether to mirror
// at all.
Crop random_crop(uint64_t seed, uint32_t epoch, uint32_t sample, int pad, bool mirror);

// dst[y][x'][ch] = table[ch][src[y + dy - pad][x + dx - pad][ch]], outside the image 0, or table[ch][0] if black; x' = x or, mirrored,
// w - 1 - x. src u8 and dst s8 are [h][w][c].
void crop_image(const uint8_t* src, int h, int w, int c, const Normalization& norm, int pad, const Crop& crop, bool black,
                int8_t* dst);

// The part of a photo of h x w pixels that one epoch shows (Szegedy et al., "Going deeper with convolutions", section 6): a share of its
// area uniform in [8 %, 1], with sides whose ratio is uniform in [3/4, 1], upright or lying with the same probability, anywhere. Of ten
// tries the first that fits counts; else the largest square in the middle. In integers: a function of (seed, epoch, sample), bits 4 i to
// 4 i + 3 of RandomStream{seed, kAugment, epoch, sample} for try i + 1; bits 0 to 2 are for random_crop and the mirror.
Window random_window(uint64_t seed, uint32_t epoch, uint32_t sample, int h, int w);

// What evaluation sees of it: a square in the middle, floor(crop_q16 2^-16 of the shorter side), at least 1; all of it if crop_q16 is 0.
// 0 <= crop_q16 <= 2^16.
Window evaluation_window(int crop_q16, int h, int w);

// The largest window in the middle of h x w pixels whose sides are as to_h : to_w, rounded down, at least 1.
Window whole_window(int h, int w, int to_h, int to_w);

// dst[i] = table[ch][src[i]]: an image as it is.
void normalize_image(const uint8_t* src, int64_t pixels, int c, const Normalization& norm, int8_t* dst);

}  // namespace intrain
