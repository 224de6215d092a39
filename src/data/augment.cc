#include "data/augment.h"

#include <algorithm>

#include "base/random.h"

namespace intrain {

Crop random_crop(uint64_t seed, uint32_t epoch, uint32_t sample, int pad, bool mirror) {
  const RandomStream random{seed, RandomUse::kAugment, epoch, sample};
  const uint32_t places = static_cast<uint32_t>(2 * pad + 1);
  return {static_cast<int>(random.below(0, places)), static_cast<int>(random.below(1, places)),
          mirror && random.below(2, 2) == 1};
}

void crop_image(const uint8_t* src, int h, int w, int c, const Normalization& norm, int pad, const Crop& crop, int8_t* dst) {
  // Columns [x_begin, x_end) of the window lie inside the image; the rest is border.
  const int x_begin = std::clamp(pad - crop.dx, 0, w), x_end = std::clamp(w + pad - crop.dx, 0, w);
  for (int y = 0; y < h; ++y) {
    int8_t* row = dst + int64_t{y} * w * c;
    std::fill(row, row + int64_t{w} * c, int8_t{0});
    const int sy = y + crop.dy - pad;
    if (sy < 0 || sy >= h) continue;
    for (int x = x_begin; x < x_end; ++x) {
      const uint8_t* from = src + (int64_t{sy} * w + x + crop.dx - pad) * c;
      int8_t* to = row + int64_t{crop.mirrored ? w - 1 - x : x} * c;
      for (int ch = 0; ch < c; ++ch) to[ch] = norm.table[ch][from[ch]];
    }
  }
}

void normalize_image(const uint8_t* src, int64_t pixels, int c, const Normalization& norm, int8_t* dst) {
  for (int64_t p = 0; p < pixels; ++p)
    for (int ch = 0; ch < c; ++ch) dst[p * c + ch] = norm.table[ch][src[p * c + ch]];
}

}  // namespace intrain
