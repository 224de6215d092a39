#include <gtest/gtest.h>

#include "support/photo_kinds.h"
#include "support/photos.h"

namespace intrain {
namespace {

using test::BmpOptions;
using test::Bytes;
using test::expect_pixels;
using test::expect_refused;
using test::make_bmp;

// Two rows of two pixels: blue, green, red in the file; the lower row first.
const Bytes kRows24 = {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0};

TEST(PhotoBmp, ReadsBothDirections) {
  expect_pixels(make_bmp(2, 2, kRows24), 2, 2, {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  expect_pixels(make_bmp(2, 2, kRows24, {.top_down = true}), 2, 2, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  expect_pixels(make_bmp(2, 2, kRows24, {.header = 12}), 2, 2, {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  expect_pixels(make_bmp(2, 2, kRows24, {.header = 124}), 2, 2, {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
}

TEST(PhotoBmp, ReadsPalettes) {
  const Bytes colors = {3, 2, 1, 0, 6, 5, 4, 0};  // of 4 bytes
  // 1 bit: 0b01000000.
  expect_pixels(make_bmp(1, 3, {0x40, 0, 0, 0}, {.bits = 1, .tables = colors}), 1, 3, {1, 2, 3, 4, 5, 6, 1, 2, 3});
  Bytes sixteen = colors;
  sixteen.resize(64);
  expect_pixels(make_bmp(1, 3, {0x10, 0x10, 0, 0}, {.bits = 4, .tables = sixteen}), 1, 3, {4, 5, 6, 1, 2, 3, 4, 5, 6});
  Bytes all = colors;
  all.resize(1024);
  expect_pixels(make_bmp(1, 3, {1, 0, 2, 0}, {.bits = 8, .tables = all}), 1, 3, {4, 5, 6, 1, 2, 3, 0, 0, 0});
  // The oldest header has 3 bytes a color.
  expect_pixels(make_bmp(1, 2, {0x80, 0, 0, 0}, {.bits = 1, .header = 12, .tables = {3, 2, 1, 6, 5, 4}}), 1, 2,
                {4, 5, 6, 1, 2, 3});
}

TEST(PhotoBmp, Reads16And32Bits) {
  // 5 bits each: 0x7c00 is red, 0x0010 blue 16 of 31: (16 255 + 15) / 31 = 132.
  expect_pixels(make_bmp(1, 2, {0x00, 0x7c, 0x10, 0x00}, {.bits = 16}), 1, 2, {255, 0, 0, 0, 0, 132});
  expect_pixels(make_bmp(1, 1, {3, 2, 1, 77}, {.bits = 32}), 1, 1, {1, 2, 3});
  // 5, 6 and 5 bits by masks: green 32 of 63: (32 255 + 31) / 63 = 130.
  Bytes masks;
  for (const uint32_t mask : {0xf800u, 0x07e0u, 0x001fu}) test::append(masks, mask, 4);
  expect_pixels(make_bmp(1, 2, {0x00, 0x04, 0xff, 0xff}, {.bits = 16, .compression = 3, .tables = masks}), 1, 2,
                {0, 130, 0, 255, 255, 255});
  // Red lowest, with opacity, in the longer header: (10 51 + 255 204) / 255 = 206.
  Bytes four;
  for (const uint32_t mask : {0xffu, 0xff00u, 0xff0000u, 0xff000000u}) test::append(four, mask, 4);
  expect_pixels(make_bmp(1, 1, {10, 20, 30, 51}, {.bits = 32, .header = 108, .compression = 3, .tables = four}), 1, 1,
                {206, 208, 210});
}

TEST(PhotoBmp, RefusesWhatIsWrong) {
  test::expect_no_cut_file(make_bmp(2, 2, kRows24), 2);  // the last row needs no end
  expect_refused(make_bmp(2, 2, kRows24, {.bits = 8, .compression = 1}), "run lengths are not read");
  expect_refused(make_bmp(2, 2, kRows24, {.bits = 24, .compression = 4}), "compressed in a way that is not read");
  expect_refused(make_bmp(2, 2, kRows24, {.bits = 23}), "23 bits a pixel");
  expect_refused(make_bmp(2, 2, kRows24, {.header = 41}), "a header of 41 bytes");
  expect_refused(make_bmp(0, 2, kRows24), "no pixels");
  expect_refused(make_bmp(2, -2, kRows24), "no pixels");
  expect_refused(make_bmp(INT32_MIN, 2, kRows24), "too many");
  expect_refused(make_bmp(40000, 40000, kRows24), "40000x40000 pixels are too many");
  // One color, and a pixel of the second.
  Bytes one = make_bmp(1, 3, {0x40, 0, 0, 0}, {.bits = 1, .tables = {3, 2, 1, 0}});
  one[46] = 1;
  expect_refused(one, "no color of its palette");
  one[46] = 3;
  expect_refused(one, "its palette is too large");
  Bytes masks;
  for (const uint32_t mask : {0xf800u, 0x0fe0u, 0x001fu}) test::append(masks, mask, 4);
  expect_refused(make_bmp(1, 2, {0, 0, 0, 0}, {.bits = 16, .compression = 3, .tables = masks}), "its masks are wrong");
}

}  // namespace
}  // namespace intrain
