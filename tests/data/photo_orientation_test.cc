// What a viewer shows is what is read, whichever way a camera was held.
#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/exif.h"
#include "data/photo_reader.h"
#include "support/photo_kinds.h"
#include "support/photos.h"
#include "support/rng.h"

namespace intrain {
namespace {

using test::Bytes;
using test::TempFolder;
using test::write_bytes;

// h x w pixels of `channels`, the last of 4 opaque.
struct Picture {
  int h, w, channels;
  Bytes pixels;
  uint8_t* at(int y, int x) { return pixels.data() + (int64_t{y} * w + x) * channels; }
};

Picture make_picture(int h, int w, int channels) {
  Picture p{h, w, channels, {}};
  test::Rng rng(7);
  for (int i = 0; i < h * w * channels; ++i)
    p.pixels.push_back(static_cast<uint8_t>(channels == 4 && i % 4 == 3 ? 255 : rng.range(0, 255)));
  return p;
}

// What a file of this orientation stores of the picture that a viewer shows: for each, where the stored row 0 and column 0 are, as the
// EXIF standard tells them.
Picture stored(Picture seen, int orientation) {
  const bool on_its_side = orientation >= 5;
  Picture to = make_picture(on_its_side ? seen.w : seen.h, on_its_side ? seen.h : seen.w, seen.channels);
  for (int y = 0; y < to.h; ++y)
    for (int x = 0; x < to.w; ++x) {
      const int bottom = seen.h - 1, right = seen.w - 1;
      int seen_y = 0, seen_x = 0;
      switch (orientation) {
        case 1:
          seen_y = y, seen_x = x;
          break;  // top, left
        case 2:
          seen_y = y, seen_x = right - x;
          break;  // top, right
        case 3:
          seen_y = bottom - y, seen_x = right - x;
          break;  // bottom, right
        case 4:
          seen_y = bottom - y, seen_x = x;
          break;  // bottom, left
        case 5:
          seen_y = x, seen_x = y;
          break;  // left, top
        case 6:
          seen_y = x, seen_x = right - y;
          break;  // right, top
        case 7:
          seen_y = bottom - x, seen_x = right - y;
          break;  // right, bottom
        case 8:
          seen_y = bottom - x, seen_x = y;
          break;  // left, bottom
      }
      std::copy_n(seen.at(seen_y, seen_x), seen.channels, to.at(y, x));
    }
  return to;
}

// A file of `orientation` that shows `seen`.
enum class Kind { kPng, kPngBehind, kPngInterlaced, kWebp, kTiff };
Bytes make_file(const Picture& seen, int orientation, Kind kind) {
  const Picture p = stored(seen, orientation);
  const Bytes block = test::exif_block(orientation, orientation % 2 == 0);
  switch (kind) {
    case Kind::kPng:
    case Kind::kPngBehind:
      return test::png_with_exif(test::make_png(p.h, p.w, 4, p.pixels), block, kind == Kind::kPng);
    case Kind::kPngInterlaced:
      return test::png_with_exif(test::make_png(p.h, p.w, 4, p.pixels, {.interlaced = true}), block, true);
    case Kind::kWebp:
      return test::webp_with_exif(p.h, p.w, test::make_webp(p.h, p.w, p.pixels, true), block);
    case Kind::kTiff:
      return test::make_tiff(p.h, p.w, 4, p.pixels,
                             {.orientation = static_cast<uint16_t>(orientation), .extra = EXTRASAMPLE_UNASSALPHA});
  }
  return {};
}

class OrientationTest : public testing::Test {
 protected:
  test::Photo read(const Bytes& file, int denominator = 1) const {
    write_bytes(path_, file);
    return test::read_photo(path_, denominator);
  }
  // As a net sees it, at 16 x 16.
  Bytes read_window(const Bytes& file, bool random) const {
    write_bytes(path_, file);
    Bytes seen(size_t{3} * 16 * 16);
    PhotoReader reader;
    if (random)
      reader.read(path_, 16, 16, 1, 2, 3, seen.data());
    else
      reader.read(path_, kStandardCropQ16, 16, 16, seen.data());
    return seen;
  }
  const TempFolder folder_;
  const std::string path_ = folder_.file("photo");
};

TEST_F(OrientationTest, EveryExactKindIsAsIfItWereStoredUpright) {
  const Picture seen = make_picture(23, 38, 4);
  const Bytes upright = make_file(seen, 1, Kind::kPng);
  const test::Photo expected = read(upright);
  for (const Kind kind : {Kind::kPng, Kind::kPngBehind, Kind::kPngInterlaced, Kind::kWebp, Kind::kTiff})
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const Bytes file = make_file(seen, orientation, kind);
      const test::Photo photo = read(file);
      ASSERT_EQ(photo.h, 23) << orientation;
      ASSERT_EQ(photo.w, 38);
      ASSERT_EQ(photo.pixels, expected.pixels) << "kind " << static_cast<int>(kind) << ", orientation " << orientation;
      for (const bool random : {false, true})
        ASSERT_EQ(read_window(file, random), read_window(upright, random)) << orientation << (random ? " random" : "");
    }
}

// Parts of the picture that lie on its blocks: a JPEG of them turned is, but for losses, the picture turned.
TEST_F(OrientationTest, JpegIsTurnedAtEverySize) {
  Picture seen = make_picture(48, 80, 3);
  for (int y = 0; y < 48; ++y)
    for (int x = 0; x < 80; ++x) {
      seen.at(y, x)[0] = static_cast<uint8_t>(60 + (y / 16) * 60);
      seen.at(y, x)[1] = static_cast<uint8_t>(20 + (x / 16) * 50);
      seen.at(y, x)[2] = 90;
    }
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool big_endian : {false, true})
      for (const int d : {1, 2, 8}) {
        const Picture p = stored(seen, orientation);
        const test::Photo photo =
            read(test::jpeg_with_exif(test::make_jpeg(p.h, p.w, 3, p.pixels), test::exif_block(orientation, big_endian)), d);
        ASSERT_EQ(photo.h, 48 / d);
        ASSERT_EQ(photo.w, 80 / d);
        for (int y = 0; y < photo.h; ++y)
          for (int x = 0; x < photo.w; ++x)
            for (int ch = 0; ch < 3; ++ch)
              ASSERT_NEAR(photo.pixels[static_cast<size_t>(3 * (y * photo.w + x) + ch)], seen.at(y * d, x * d)[ch], 20)
                  << "orientation " << orientation << ", 1/" << d << ", at " << y << ", " << x;
      }
}

TEST(Exif, DamagedNotesMeanNothing) {
  const Bytes good = test::exif_block(6, false);
  EXPECT_EQ(exif_orientation(good.data(), good.size()), 6);
  for (size_t size = 0; size < 34; ++size) EXPECT_EQ(exif_orientation(good.data(), size), 1) << size;
  for (const int value : {0, 9, 258}) {
    const Bytes other = test::exif_block(value, true);
    EXPECT_EQ(exif_orientation(other.data(), other.size()), 1);
  }
  test::Rng rng(5);
  for (int i = 0; i < 20000; ++i) {
    Bytes damaged = good;
    for (int64_t n = rng.range(1, 4); n > 0; --n)
      damaged[static_cast<size_t>(rng.range(0, static_cast<int64_t>(good.size()) - 1))] = static_cast<uint8_t>(rng.range(0, 255));
    const int orientation = exif_orientation(damaged.data(), damaged.size());
    ASSERT_TRUE(orientation >= 1 && orientation <= 8);
  }
}

}  // namespace
}  // namespace intrain
