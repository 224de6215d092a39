#include <gtest/gtest.h>

#include "support/photo_kinds.h"
#include "support/photos.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_pixels;
using test::expect_refused;
using test::make_gif;

const std::vector<GifColorType> kColors = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};

TEST(PhotoGif, ReadsTheFirstPicture) {
  expect_pixels(make_gif(2, 2, {0, 1, 2, 3}, kColors), 2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  expect_pixels(make_gif(2, 2, {0, 1, 2, 3}, kColors, {.transparent = 1}), 2, 2, {1, 2, 3, 255, 255, 255, 7, 8, 9, 10, 11, 12});
}

TEST(PhotoGif, ShowsWhiteAroundASmallPicture) {
  Bytes white(size_t{3} * 3 * 4, 255);
  white[3 * 4 + 3] = 7, white[3 * 4 + 4] = 8, white[3 * 4 + 5] = 9;  // row 1, column 1 of 4
  expect_pixels(make_gif(1, 1, {2}, kColors, {.screen_h = 3, .screen_w = 4, .top = 1, .left = 1}), 3, 4, white);
}

TEST(PhotoGif, ReadsInterlacedRowsInTheirOrder) {
  Bytes pixels, rgb;
  for (int y = 0; y < 19; ++y)
    for (int x = 0; x < 3; ++x) {
      const auto i = static_cast<uint8_t>((y * y + x) % 4);
      pixels.push_back(i);
      rgb.insert(rgb.end(), {kColors[i].Red, kColors[i].Green, kColors[i].Blue});
    }
  for (const bool interlaced : {false, true})
    expect_pixels(make_gif(19, 3, pixels, kColors, {.interlaced = interlaced}), 19, 3, rgb);
}

TEST(PhotoGif, RefusesWhatIsWrong) {
  const Bytes gif = make_gif(2, 2, {0, 1, 2, 3}, kColors);
  // The second picture and the end do not matter.
  test::expect_no_cut_file(gif, 10 + 4 + 3);
  Bytes large = gif;
  for (int i = 6; i < 10; ++i) large[static_cast<size_t>(i)] = 0xff;
  expect_refused(large, "65535x65535 pixels are too many");
  Bytes without = gif;  // neither palette
  without[10] &= 0x7f;
  without.erase(without.begin() + 13, without.begin() + 13 + 12);
  expect_refused(without, "it has no palette");
  expect_refused({'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0, 0, 0, ';'}, "it has no picture");
}

}  // namespace
}  // namespace intrain
