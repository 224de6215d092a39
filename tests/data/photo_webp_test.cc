#include <gtest/gtest.h>

#include "support/photo_kinds.h"
#include "support/photos.h"
#include "support/rng.h"

// How libwebp finds out which vector code there is; null: it takes the C code.
extern "C" int (*VP8GetCPUInfo)(int feature);

namespace intrain {
namespace {

using test::Bytes;
using test::expect_pixels;
using test::expect_refused;
using test::make_webp;

TEST(PhotoWebp, ReadsLosslessExactly) {
  expect_pixels(make_webp(1, 2, {10, 20, 30, 255, 1, 2, 3, 255}, true), 1, 2, {10, 20, 30, 1, 2, 3});
  // Nothing, and a fifth, on white: (10 51 + 255 204) / 255 = 206.
  expect_pixels(make_webp(1, 2, {10, 20, 30, 51, 1, 2, 3, 0}, true), 1, 2, {206, 208, 210, 255, 255, 255});
}

// Smooth colors with noise, h x w, and opacities.
Bytes test_picture(int h, int w, bool opaque) {
  test::Rng rng(3);
  Bytes rgba;
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      for (const int v : {3 * x, 2 * y, x + y, opaque ? 255 : 4 * x})
        rgba.push_back(static_cast<uint8_t>(opaque && v == 255 ? 255 : std::min(255, v + static_cast<int>(rng.range(0, 9)))));
  return rgba;
}

// Photos, of which no pixel may depend on the CPU.
TEST(PhotoWebp, VectorCodeReturnsTheBitsOfCCode) {
  const test::TempFolder folder;
  const std::string path = folder.file("photo");
  const auto detect = VP8GetCPUInfo;
  for (const bool lossless : {false, true})
    for (const bool opaque : {false, true})
      for (const int w : {37, 64}) {
        test::write_bytes(path, make_webp(51, w, test_picture(51, w, opaque), lossless));
        const test::Photo fast = test::read_photo(path);
        VP8GetCPUInfo = nullptr;
        const test::Photo plain = test::read_photo(path);
        VP8GetCPUInfo = detect;
        EXPECT_EQ(fast.pixels, plain.pixels);
      }
}

TEST(PhotoWebp, ReadsLossy) {
  const test::TempFolder folder;
  Bytes rgba;
  for (int i = 0; i < 20 * 30; ++i) rgba.insert(rgba.end(), {200, 100, 50, 255});
  test::write_bytes(folder.file("photo"), make_webp(20, 30, rgba, false));
  test::expect_color(test::read_photo(folder.file("photo")), 20, 30, {200, 100, 50}, 4);
}

// The first picture of an animation, 1x2 pixels at row 2 and column 4 of 4x6; the rest is white.
TEST(PhotoWebp, ReadsTheFirstPictureOfAnAnimation) {
  Bytes chunks, animation;
  test::append(animation, 0, 6);
  test::append_chunk(chunks, "ANIM", animation);
  for (const uint8_t red : {10, 99}) {
    const Bytes webp = make_webp(1, 2, {red, 20, 30, 255, 1, 2, 3, 255}, true);
    Bytes frame;
    for (const uint64_t number : {2, 1, 1, 0, 100})
      test::append(frame, number, 3);  // column and row halved, sizes less 1, duration
    frame.push_back(0);
    frame.insert(frame.end(), webp.begin() + 12, webp.end());
    test::append_chunk(chunks, "ANMF", frame);
  }
  Bytes rgb(size_t{3} * 4 * 6, 255);
  std::copy_n(Bytes{10, 20, 30, 1, 2, 3}.begin(), 6, rgb.begin() + 3 * (2 * 6 + 4));
  expect_pixels(test::extended_webp(4, 6, ANIMATION_FLAG, chunks), 4, 6, rgb);
}

TEST(PhotoWebp, RefusesWhatIsWrong) {
  test::expect_no_cut_file(make_webp(9, 7, test_picture(9, 7, true), true), 0);
  test::expect_no_cut_file(make_webp(9, 7, test_picture(9, 7, true), false), 0);
  // A canvas of 16000x16000 without a picture.
  expect_refused(test::extended_webp(16000, 16000, 0, {}), "not a whole WebP picture");
}

}  // namespace
}  // namespace intrain
