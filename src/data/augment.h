// One image into the net's input: normalization, random crop, mirror, cutout.
#pragma once

#include <cstdint>

#include "data/augmentation.h"
#include "data/dataset.h"
#include "data/photo.h"

namespace intrain {

// Where the window lies in an image in memory with a border of `pad` pixels, dy and dx in [0, 2 pad], and whether it is mirrored.
struct Crop {
  int dy, dx;
  bool mirrored;
};

// What kAutoShift is for images in memory: 4 pixels from 32 rows on, 2 below.
constexpr int crop_pad(int h) { return h >= 32 ? 4 : 2; }

// A function of (seed, epoch, sample), not mirrored: below(0, 2 pad + 1) and below(1, 2 pad + 1) of RandomStream{seed, kAugment, epoch, sample}.
Crop random_crop(uint64_t seed, uint32_t epoch, uint32_t sample, int pad);

// kRandom: whether below(2, 2) of RandomStream{seed, kAugment, epoch, draw} is 1. kAlternate: that of epoch 0 and `sample` in even epochs, the
// contrary in odd ones (as of Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024). draw: the number of the picture in the epoch,
// which is the sample's own unless an epoch shows samples several times.
bool is_mirrored(Mirror mirror, uint64_t seed, uint32_t epoch, uint32_t draw, uint32_t sample);

// dst[y][x'][ch] = table[ch][src[y + dy - pad][x + dx - pad][ch]], outside the image 0, or table[ch][0] if black, or if reflect that of row -i or
// 2 (h - 1) - i in place of i, and of columns likewise; x' = x or, mirrored, w - 1 - x. src u8 and dst s8 are [h][w][c]. pad >= 0; to reflect
// below h and w.
void crop_image(const uint8_t* src, int h, int w, int c, const Normalization& norm, int pad, const Crop& crop, Border border,
                int8_t* dst);

// The centre of a square, uniform over an image of h x w: below(44, h) and below(45, w) of RandomStream{seed, kAugment, epoch, sample}.
struct Place {
  int y, x;
};
Place random_place(uint64_t seed, uint32_t epoch, uint32_t sample, int h, int w);

// Cutout (DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017): 0, which is the mean, in rows
// y - floor(side / 2) to y - floor(side / 2) + side - 1 and columns likewise, as far as they lie in the image [h][w][c].
void cut_out(int h, int w, int c, Place centre, int side, int8_t* image);

// dst[y][x'][ch] = src[y + by][x + by][ch] of an image [h][w][c], row -i or 2 (h - 1) - i beyond it being row i, and columns likewise; x' = x or,
// mirrored, w - 1 - x. |by| < h, w. dst may not be src.
void move_image(const int8_t* src, int h, int w, int c, int by, bool mirrored, int8_t* dst);

// The part of a photo of h x w pixels that one epoch shows (Szegedy et al., "Going deeper with convolutions", section 6): a share of its
// area uniform in [8 %, 1], with sides whose ratio is uniform in [3/4, 1], upright or lying with the same probability, anywhere. Of ten
// tries the first that fits counts; else the largest square in the middle. In integers: a function of (seed, epoch, sample), bits 4 i to
// 4 i + 3 of RandomStream{seed, kAugment, epoch, sample} for try i = 1 to 10; bits 0 to 2 are for random_crop and the mirror.
Window random_window(uint64_t seed, uint32_t epoch, uint32_t sample, int h, int w);

// What evaluation sees of it: a square in the middle, floor(crop_q16 2^-16 of the shorter side), at least 1; all of it if crop_q16 is 0.
// 0 <= crop_q16 <= 2^16.
Window evaluation_window(int crop_q16, int h, int w);

// The largest window in the middle of h x w pixels whose sides are as to_h : to_w, rounded down, at least 1.
Window whole_window(int h, int w, int to_h, int to_w);

// dst[i] = table[ch][src[i]]: an image as it is.
void normalize_image(const uint8_t* src, int64_t pixels, int c, const Normalization& norm, int8_t* dst);

}  // namespace intrain
