#include "data/resize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/photo.h"
#include "support/rng.h"

namespace intrain {
namespace {

using Bytes = std::vector<uint8_t>;

struct Photo {
  int h, w;
  Bytes pixels;
};

Photo grey(int h, int w, const Bytes& values) {
  Photo photo{h, w, {}};
  for (const uint8_t v : values) photo.pixels.insert(photo.pixels.end(), 3, v);
  return photo;
}

// The first channel.
Bytes resized(const Photo& photo, const Window& window, int h, int w) {
  Bytes all(size_t{3} * static_cast<size_t>(h * w)), first;
  Resizer resizer;
  resizer.begin(window.h, window.w, h, w);
  // In any order.
  for (int y = window.h - 1; y >= 0; --y)
    resizer.add_row(y, photo.pixels.data() + 3 * (int64_t{window.y + y} * photo.w + window.x));
  resizer.finish(all.data());
  for (size_t i = 0; i < all.size(); i += 3) first.push_back(all[i]);
  return first;
}

TEST(Resize, ByHand) {
  const Photo photo = grey(2, 4, {0, 100, 200, 40, 10, 20, 30, 50});
  EXPECT_EQ(resized(photo, {0, 0, 2, 4}, 2, 4), (Bytes{0, 100, 200, 40, 10, 20, 30, 50}));  // as it is
  EXPECT_EQ(resized(photo, {1, 1, 1, 2}, 1, 2), (Bytes{20, 30}));                           // a part of it
  // Twice as wide: a quarter of the neighbor, the edge repeated.
  EXPECT_EQ(resized(photo, {0, 0, 1, 2}, 1, 4), (Bytes{0, 25, 75, 100}));
  // Half as wide: the triangle of 2 to either side weighs 3, 3, 1 eighths at the edge (of 7): (0 + 300 + 200) / 7.
  EXPECT_EQ(resized(photo, {0, 0, 1, 4}, 1, 2)[0], 71);
  // To one: the triangle over 4 weighs 5, 7, 7, 5 of 24: (700 + 1400 + 200) / 24 = 95.8.
  EXPECT_EQ(resized(photo, {0, 0, 1, 4}, 1, 1), (Bytes{96}));
}

TEST(Resize, PlainStaysPlain) {
  for (const int value : {0, 1, 128, 255}) {
    const Photo photo = grey(37, 53, Bytes(37 * 53, static_cast<uint8_t>(value)));
    for (const int side : {1, 7, 37, 224})
      for (const uint8_t v : resized(photo, {1, 2, 36, 51}, side, side)) ASSERT_EQ(v, value);
  }
}

// Two roundings of at most 1/2 each, and weights that are off by less than 2^-14 a tap, 102 taps at most here, twice.
TEST(Resize, NearFloat) {
  test::Rng rng(5);
  for (const auto& [sh, sw, h, w] : {std::array{50, 40, 20, 30}, {17, 100, 64, 5}, {9, 9, 9, 20}, {100, 3, 2, 3}}) {
    Bytes values;
    for (int i = 0; i < sh * sw; ++i) values.push_back(static_cast<uint8_t>(rng.range(0, 255)));
    const Bytes got = resized(grey(sh, sw, values), {0, 0, sh, sw}, h, w);
    const auto weight = [](int i, int m, int j, int n) {
      const double ratio = double(n) / m, support = std::max(1.0, ratio);
      return std::max(0.0, 1 - std::abs(j + 0.5 - (i + 0.5) * ratio) / support);
    };
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        double sum = 0, weights = 0;
        for (int sy = 0; sy < sh; ++sy)
          for (int sx = 0; sx < sw; ++sx) {
            const double both = weight(y, h, sy, sh) * weight(x, w, sx, sw);
            sum += both * values[static_cast<size_t>(sy * sw + sx)];
            weights += both;
          }
        ASSERT_NEAR(got[static_cast<size_t>(y * w + x)], sum / weights, 1 + 2 * 102 * 255 / 16384.0);
      }
  }
}

}  // namespace
}  // namespace intrain
