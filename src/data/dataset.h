// Labelled images: in memory, or photos in files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/pixels.h"

namespace intrain {

constexpr int kMaxChannels = 3;
constexpr int kStandardCropQ16 = 7 << 13;  // 7/8

// Of pixels of 0 to 255, exactly.
struct PixelSums {
  int64_t sum = 0, squares = 0;
  bool operator==(const PixelSums&) const = default;
};

struct Dataset {
  int count = 0, h = 0, w = 0, c = 0, classes = 0;
  Pixels images;  // [count][h][w][c]; empty where there are files
  // [count], photos of any size that are decoded and scaled to h x w when a batch needs them; or empty
  std::vector<std::string> files;
  std::vector<uint64_t> file_hashes;  // [count], XXH3-64 of the bytes of each file that was checked; or empty
  // What evaluation sees of a photo: a square in the middle with this share of the shorter side, in 2^-16; 0: all of it, scaled to h x w.
  int crop_q16 = kStandardCropQ16;
  std::vector<uint16_t> labels;  // [count], each below classes
  // Of each channel of all files, as evaluation sees them; empty where the images are in memory.
  std::vector<PixelSums> pixel_sums;
  // No images, but of the same size and classes.
  Dataset without_images() const {
    Dataset set;
    set.h = h;
    set.w = w;
    set.c = c;
    set.classes = classes;
    return set;
  }
  int64_t image_size() const { return int64_t{h} * w * c; }
  const uint8_t* image(int64_t i) const { return images.data() + i * image_size(); }
};

struct DataSplits {
  std::string spec;    // as given: "fashion-mnist", "cifar10:DIR" ...
  std::string folder;  // of photos: what the path of each file begins with, before "/train/" or the like; else empty
  Dataset train, test;
  std::vector<std::string> class_names;  // may be empty
  std::vector<std::string> broken;       // what was left out: "path: why", in the order of the paths
  std::string left_out;                  // how much of each kind, in words (data/left_out.h); empty: nothing
  std::string note;                      // on the first rank: why photos are read once more than need be; empty: they are not
  bool mirror = true;                    // an image and its mirror image mean the same: not so for digits
};

// Pixel to s8: 2^-5 of a standard deviation, table[channel][pixel] = clamp(round(32 (pixel - mean) / deviation), +-127), in
// integers from the exact sums of the training images (data/normalization.h).
struct Normalization {
  int8_t table[kMaxChannels][256];
};

}  // namespace intrain
