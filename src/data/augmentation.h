// What a training shows of an image, in the options of a Loader (data/loader_options.h). How it is done: data/augment.h, data/color_jitter.h.
#pragma once

namespace intrain {

enum class Mirror {
  kNone,
  kRandom,     // half of the images in each epoch, by chance
  kAlternate,  // each image in every other epoch, by chance from the first or from the second on
};

// What a window shows beyond its image.
enum class Border {
  kMean,     // 0, which is the mean of the training images
  kBlack,    // what a pixel of 0 becomes
  kReflect,  // the image in a mirror that lies on its outermost row or column, which is not repeated: pixel -i is i
};

// Pixels that a window may be moved by each way: 4 from 32 rows on, 2 below; 0 of photos, whose windows are anywhere already.
constexpr int kAutoShift = -1;

// How far brightness, contrast and saturation may be from what they are, in 2^-8, 0 to 256.
struct ColorJitter {
  int brightness = 0, contrast = 0, saturation = 0;
  bool any() const { return brightness != 0 || contrast != 0 || saturation != 0; }
};

}  // namespace intrain
