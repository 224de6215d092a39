#include "data/color_jitter.h"

#include "base/random.h"
#include "base/rounding.h"
#include "data/photo.h"

namespace intrain {

namespace {

constexpr int kOne = 256;
constexpr Shift32 kFactorShift = make_shift32(8);
// The rounded sum stays within s32.
static_assert(2 * kOne * 255 + kOne * 255 + kOne / 2 < 1 << 30);

// factor / 256 of `value`, the rest of `other`.
uint8_t blend(int value, int other, int factor) {
  return static_cast<uint8_t>(clamp(rshift_round32(value * factor + other * (kOne - factor), kFactorShift), 0, 255));
}

uint8_t grey_of(const uint8_t* pixel, int c) {
  uint8_t grey = pixel[0];
  if (c == 3) to_grey(pixel, 1, &grey);
  return grey;
}

uint8_t mean_grey(const uint8_t* image, int64_t pixels, int c) {
  int64_t sum = 0;
  for (int64_t i = 0; i < pixels; ++i) sum += grey_of(image + i * c, c);
  return static_cast<uint8_t>(div_round(sum, pixels));
}

}  // namespace

ColorFactors random_factors(const ColorJitter& jitter, uint64_t seed, uint32_t epoch, uint32_t sample) {
  const RandomStream random{seed, RandomUse::kAugment, epoch, sample};
  const auto factor = [&](uint64_t i, int range) {
    return kOne - range + static_cast<int>(random.below(i, static_cast<uint32_t>(2 * range + 1)));
  };
  return {factor(48, jitter.brightness), factor(49, jitter.contrast), factor(50, jitter.saturation)};
}

void jitter_colors(const ColorFactors& factors, int64_t pixels, int c, uint8_t* image) {
  if (factors.brightness != kOne)
    for (int64_t i = 0; i < pixels * c; ++i) image[i] = blend(image[i], 0, factors.brightness);
  if (factors.contrast != kOne) {
    const int grey_pixels = c == 3 ? c : 1;
    const uint8_t mean = mean_grey(image, pixels * c / grey_pixels, grey_pixels);
    for (int64_t i = 0; i < pixels * c; ++i) image[i] = blend(image[i], mean, factors.contrast);
  }
  if (factors.saturation != kOne && c == 3)
    for (int64_t i = 0; i < pixels; ++i, image += 3) {
      const uint8_t grey = grey_of(image, 3);
      for (int ch = 0; ch < 3; ++ch) image[ch] = blend(image[ch], grey, factors.saturation);
    }
}

}  // namespace intrain
