#include <gtest/gtest.h>

#include "support/photo_kinds.h"
#include "support/photos.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_pixels;
using test::expect_refused;
using test::make_tiff;
using test::TiffOptions;

// h x w pixels of RGB.
Bytes test_picture(int h, int w) {
  Bytes rgb;
  for (int i = 0; i < 3 * h * w; ++i) rgb.push_back(static_cast<uint8_t>(i * 7 + i / 50));
  return rgb;
}

Bytes words(const std::vector<uint16_t>& values) {
  Bytes bytes(2 * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(PhotoTiff, ReadsEveryLayout) {
  const Bytes rgb = test_picture(37, 50);
  Bytes planes;
  for (size_t ch = 0; ch < 3; ++ch)
    for (size_t i = ch; i < rgb.size(); i += 3) planes.push_back(rgb[i]);
  for (const uint16_t compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE})
    for (const uint32_t strip_rows : {0u, 1u, 8u}) {
      expect_pixels(make_tiff(37, 50, 3, rgb, {.compression = compression, .strip_rows = strip_rows}), 37, 50, rgb);
      expect_pixels(make_tiff(37, 50, 3, planes, {.compression = compression, .separate = true, .strip_rows = strip_rows}), 37,
                    50, rgb);
    }
  expect_pixels(make_tiff(37, 50, 3, rgb, {.compression = COMPRESSION_LZW, .tile = 16}), 37, 50, rgb);
  expect_pixels(make_tiff(37, 50, 3, planes, {.compression = COMPRESSION_LZW, .separate = true, .tile = 32}), 37, 50, rgb);
}

TEST(PhotoTiff, ReadsGreyOfEveryDepth) {
  for (const auto& [bits, row] : {std::pair<uint16_t, Bytes>{1, {0x40}}, {2, {0x30}}, {4, {0x0f, 0x00}}, {8, {0, 255, 0}}}) {
    expect_pixels(make_tiff(1, 3, 1, row, {.bits = bits, .photometric = PHOTOMETRIC_MINISBLACK}), 1, 3,
                  {0, 0, 0, 255, 255, 255, 0, 0, 0});
    expect_pixels(make_tiff(1, 3, 1, row, {.bits = bits, .photometric = PHOTOMETRIC_MINISWHITE}), 1, 3,
                  {255, 255, 255, 0, 0, 0, 255, 255, 255});
  }
  expect_pixels(make_tiff(1, 2, 1, {0x1e}, {.bits = 4, .photometric = PHOTOMETRIC_MINISBLACK}), 1, 2,
                {17, 17, 17, 238, 238, 238});
  // 257 k is k of 8 bits; 257 k + 128 is nearer to k, and 129 to k + 1.
  expect_pixels(make_tiff(1, 3, 1, words({257 * 100, 257 * 100 + 128, 257 * 100 + 129}),
                          {.bits = 16, .photometric = PHOTOMETRIC_MINISBLACK}),
                1, 3, {100, 100, 100, 100, 100, 100, 101, 101, 101});
  expect_pixels(make_tiff(1, 1, 3, words({257, 2 * 257, 65535}), {.bits = 16}), 1, 1, {1, 2, 255});
}

TEST(PhotoTiff, ReadsPalettesInkAndOpacity) {
  expect_pixels(
      make_tiff(1, 3, 1, {0x60},
                {.bits = 2, .photometric = PHOTOMETRIC_PALETTE, .palette = {257, 512, 771, 1028, 0, 0, 65535, 0, 0, 256, 0, 0}}),
      1, 3, {2, 0, 1, 3, 255, 0, 1, 0, 0});
  // Values of 8 bits where 16 belong.
  expect_pixels(make_tiff(1, 3, 1, {0x60},
                          {.bits = 2, .photometric = PHOTOMETRIC_PALETTE, .palette = {1, 2, 3, 4, 0, 0, 255, 0, 0, 1, 0, 0}}),
                1, 3, {2, 0, 1, 3, 255, 0, 1, 0, 0});
  // Half of the red light's absorption and 1/5 black: (127 204 + 127) / 255 = 102, and 204.
  expect_pixels(make_tiff(1, 1, 4, {128, 0, 0, 51}, {.photometric = PHOTOMETRIC_SEPARATED}), 1, 1, {102, 204, 204});
  expect_pixels(make_tiff(1, 1, 4, {10, 20, 30, 51}, {.extra = EXTRASAMPLE_UNASSALPHA}), 1, 1, {206, 208, 210});
  expect_pixels(make_tiff(1, 1, 4, {2, 4, 6, 51}, {.extra = EXTRASAMPLE_ASSOCALPHA}), 1, 1, {206, 208, 210});
  expect_pixels(make_tiff(1, 1, 4, {10, 20, 30, 51}, {.extra = EXTRASAMPLE_UNSPECIFIED}), 1, 1, {10, 20, 30});
  expect_pixels(make_tiff(1, 1, 2, {10, 51}, {.photometric = PHOTOMETRIC_MINISBLACK, .extra = EXTRASAMPLE_UNASSALPHA}), 1, 1,
                {206, 206, 206});
}

TEST(PhotoTiff, ReadsJpegInside) {
  const test::TempFolder folder;
  test::write_bytes(folder.file("photo"), make_tiff(20, 30, 3, test::plain({200, 100, 50}),
                                                    {.photometric = PHOTOMETRIC_YCBCR, .compression = COMPRESSION_JPEG}));
  test::expect_color(test::read_photo(folder.file("photo")), 20, 30, {200, 100, 50}, 4);
}

TEST(PhotoTiff, RefusesWhatIsWrong) {
  const Bytes rgb = test_picture(9, 7);
  test::expect_no_cut_file(make_tiff(9, 7, 3, rgb), 0, 3);
  test::expect_no_cut_file(make_tiff(9, 7, 3, rgb, {.compression = COMPRESSION_LZW}), 0, 3);
  expect_refused(make_tiff(9, 7, 3, rgb, {.thumbnail = true}), "a thumbnail, as of camera raw");
  expect_refused(make_tiff(9, 7, 3, rgb, {.photometric = PHOTOMETRIC_CIELAB}), "colors that are not read (8)");
  expect_refused(make_tiff(9, 7, 3, rgb, {.photometric = PHOTOMETRIC_YCBCR}), "colors that are not read (6)");
  // The entries of width and length, of 16 bits: tag, type, count, value.
  Bytes large = make_tiff(9, 7, 3, rgb);
  for (size_t i = 0; i + 9 < large.size(); ++i)
    if (large[i] <= 1 && large[i + 1] == 1 && large[i + 2] == 3 && large[i + 4] == 1 &&
        (large[i + 8] == 9 || large[i + 8] == 7)) {
      large[i + 8] = 40000 % 256;
      large[i + 9] = 40000 / 256;
    }
  expect_refused(large, "40000x40000 pixels are too many");
}

}  // namespace
}  // namespace intrain
