#include "data/augment.h"

#include <algorithm>

#include "base/random.h"
#include "base/rounding.h"

namespace intrain {

namespace {

// What a mirror on the first and the last of n rows shows beyond them, at most n - 1 away.
int reflected(int i, int n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

}  // namespace

Crop random_crop(uint64_t seed, uint32_t epoch, uint32_t sample, int pad) {
  const RandomStream random{seed, RandomUse::kAugment, epoch, sample};
  const uint32_t places = static_cast<uint32_t>(2 * pad + 1);
  return {static_cast<int>(random.below(0, places)), static_cast<int>(random.below(1, places)), false};
}

bool is_mirrored(Mirror mirror, uint64_t seed, uint32_t epoch, uint32_t draw, uint32_t sample) {
  if (mirror == Mirror::kNone) return false;
  const bool alternate = mirror == Mirror::kAlternate;
  const RandomStream random{seed, RandomUse::kAugment, alternate ? 0 : epoch, alternate ? sample : draw};
  return (random.below(2, 2) == 1) != (alternate && epoch % 2 == 1);
}

Place random_place(uint64_t seed, uint32_t epoch, uint32_t sample, int h, int w) {
  const RandomStream random{seed, RandomUse::kAugment, epoch, sample};
  return {static_cast<int>(random.below(44, static_cast<uint32_t>(h))),
          static_cast<int>(random.below(45, static_cast<uint32_t>(w)))};
}

Window random_window(uint64_t seed, uint32_t epoch, uint32_t sample, int h, int w) {
  const RandomStream random{seed, RandomUse::kAugment, epoch, sample};
  for (uint64_t i = 1; i <= 10; ++i) {
    const int64_t share = 5243 + random.below(4 * i, 65536 - 5243 + 1);        // of 2^16 parts: 5243 are 8 %
    const int64_t ratio = 49152 + random.below(4 * i + 1, 65536 - 49152 + 1);  // shorter side over longer, in 2^-16: 3/4 to 1
    const int64_t area = int64_t{h} * w * share >> 16;                         // below 2^28
    const int64_t longer = isqrt(static_cast<uint64_t>((area << 16) / ratio));
    const int64_t shorter = longer * ratio >> 16;
    const bool upright = random.bits(4 * i + 2) & 1;
    const int64_t window_h = upright ? longer : shorter, window_w = upright ? shorter : longer;
    if (window_h < 1 || window_w < 1 || window_h > h || window_w > w) continue;
    const uint32_t place = random.bits(4 * i + 3);
    const int64_t y = (place >> 16) * (h - window_h + 1) >> 16, x = (place & 65535) * (w - window_w + 1) >> 16;
    return {static_cast<int>(y), static_cast<int>(x), static_cast<int>(window_h), static_cast<int>(window_w)};
  }
  const int side = std::min(h, w);
  return {(h - side) / 2, (w - side) / 2, side, side};
}

Window evaluation_window(int crop_q16, int h, int w) {
  if (crop_q16 == 0) return {0, 0, h, w};
  const int side = std::max(1, static_cast<int>(int64_t{std::min(h, w)} * crop_q16 >> 16));
  return {(h - side) / 2, (w - side) / 2, side, side};
}

Window whole_window(int h, int w, int to_h, int to_w) {
  const int window_h = static_cast<int>(std::clamp<int64_t>(int64_t{w} * to_h / to_w, 1, h));
  const int window_w = static_cast<int>(std::clamp<int64_t>(int64_t{h} * to_w / to_h, 1, w));
  return {(h - window_h) / 2, (w - window_w) / 2, window_h, window_w};
}

void crop_image(const uint8_t* src, int h, int w, int c, const Normalization& norm, int pad, const Crop& crop, Border border,
                int8_t* dst) {
  const bool reflect = border == Border::kReflect;
  // Columns [x_begin, x_end) of the window show the image; the rest is border.
  const int x_begin = reflect ? 0 : std::clamp(pad - crop.dx, 0, w), x_end = reflect ? w : std::clamp(w + pad - crop.dx, 0, w);
  for (int y = 0; y < h; ++y) {
    int8_t* row = dst + int64_t{y} * w * c;
    for (int i = 0; i < w * c; ++i) row[i] = border == Border::kBlack ? norm.table[i % c][0] : int8_t{0};
    const int at = y + crop.dy - pad, sy = reflect ? reflected(at, h) : at;
    if (sy < 0 || sy >= h) continue;
    for (int x = x_begin; x < x_end; ++x) {
      const int sx = reflect ? reflected(x + crop.dx - pad, w) : x + crop.dx - pad;
      const uint8_t* from = src + (int64_t{sy} * w + sx) * c;
      int8_t* to = row + int64_t{crop.mirrored ? w - 1 - x : x} * c;
      for (int ch = 0; ch < c; ++ch) to[ch] = norm.table[ch][from[ch]];
    }
  }
}

void cut_out(int h, int w, int c, Place centre, int side, int8_t* image) {
  const int top = centre.y - side / 2, left = centre.x - side / 2;
  const int x_begin = std::clamp(left, 0, w), x_end = std::clamp(left + side, 0, w);
  for (int y = std::clamp(top, 0, h); y < std::clamp(top + side, 0, h); ++y)
    std::fill_n(image + (int64_t{y} * w + x_begin) * c, int64_t{x_end - x_begin} * c, int8_t{0});
}

void move_image(const int8_t* src, int h, int w, int c, int by, bool mirrored, int8_t* dst) {
  for (int y = 0; y < h; ++y) {
    const int8_t* from = src + int64_t{reflected(y + by, h)} * w * c;
    int8_t* to = dst + int64_t{y} * w * c;
    for (int x = 0; x < w; ++x) std::copy_n(from + reflected(x + by, w) * c, c, to + (mirrored ? w - 1 - x : x) * c);
  }
}

void normalize_image(const uint8_t* src, int64_t pixels, int c, const Normalization& norm, int8_t* dst) {
  for (int64_t p = 0; p < pixels; ++p)
    for (int ch = 0; ch < c; ++ch) dst[p * c + ch] = norm.table[ch][src[p * c + ch]];
}

}  // namespace intrain
