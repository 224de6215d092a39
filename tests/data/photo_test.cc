#include "data/photo.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include "support/photos.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::Bytes;
using test::expect_color;
using test::expect_error;
using test::plain;
using test::TempFolder;
using test::write_bytes;

class PhotoTest : public testing::Test {
 protected:
  const TempFolder folder_;
  const std::string path_ = folder_.file("photo");
};

TEST_F(PhotoTest, ReadsJpegOfEveryKind) {
  write_bytes(path_, test::make_jpeg(20, 30, 3, plain({200, 100, 50})));
  expect_color(test::read_photo(path_), 20, 30, {200, 100, 50}, 3);
  write_bytes(path_, test::make_jpeg(20, 30, 1, plain({77})));
  expect_color(test::read_photo(path_), 20, 30, {77, 77, 77}, 2);
  // Half of the red light's absorption and 1/5 black: 255 (1 - 1/2) (4/5), 255 (4/5), 255 (4/5); stored inverted, as Adobe does.
  write_bytes(path_, test::make_jpeg(20, 30, 4, plain({128, 255, 255, 204})));
  expect_color(test::read_photo(path_), 20, 30, {102, 204, 204}, 3);
}

TEST_F(PhotoTest, ReadsSmallerJpeg) {
  write_bytes(path_, test::make_jpeg(20, 30, 3, plain({200, 100, 50})));
  expect_color(test::read_photo(path_, 2), 10, 15, {200, 100, 50}, 3);
  expect_color(test::read_photo(path_, 8), 3, 4, {200, 100, 50}, 3);
}

TEST_F(PhotoTest, ReadsPngOfEveryKindExactly) {
  Bytes pixels(size_t{20} * 30 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
  write_bytes(path_, test::make_png(20, 30, 3, pixels));
  EXPECT_EQ(test::read_photo(path_).pixels, pixels);
  EXPECT_EQ(test::read_photo(path_, 8).pixels, pixels);  // there is no smaller one
  write_bytes(path_, test::make_png(20, 30, 1, plain({77})));
  expect_color(test::read_photo(path_), 20, 30, {77, 77, 77}, 0);
  write_bytes(path_, test::make_png(20, 30, 4, plain({10, 20, 30, 0})));
  expect_color(test::read_photo(path_), 20, 30, {255, 255, 255}, 0);  // nothing on white
  // (10 * 51 + 255 * 204) / 255 = 206, and so on.
  write_bytes(path_, test::make_png(20, 30, 4, plain({10, 20, 30, 51})));
  expect_color(test::read_photo(path_), 20, 30, {206, 208, 210}, 0);
  write_bytes(path_, test::make_png(20, 30, 2, plain({10, 51})));
  expect_color(test::read_photo(path_), 20, 30, {206, 206, 206}, 0);
  for (const bool interlaced : {false, true}) {
    write_bytes(path_, test::make_png(20, 30, 3, pixels, {.interlaced = interlaced}));
    EXPECT_EQ(test::read_photo(path_).pixels, pixels);
    Bytes rgba;
    for (size_t i = 0; i < pixels.size(); i += 3) rgba.insert(rgba.end(), {pixels[i], pixels[i + 1], pixels[i + 2], 255});
    write_bytes(path_, test::make_png(20, 30, 4, rgba, {.interlaced = interlaced}));
    EXPECT_EQ(test::read_photo(path_).pixels, pixels);
  }
  write_bytes(path_, test::make_png(20, 32, 1, Bytes(20 * 4, 0xff), {.bits = 1}));
  expect_color(test::read_photo(path_), 20, 32, {255, 255, 255}, 0);
  write_bytes(path_, test::make_png(20, 32, 1, Bytes(20 * 16, 0x55), {.bits = 4}));
  expect_color(test::read_photo(path_), 20, 32, {85, 85, 85}, 0);
  const std::vector<png_color> palette = {{1, 2, 3}, {10, 20, 30}};
  write_bytes(path_, test::make_png(20, 32, 1, Bytes(20 * 4, 0xff), {.bits = 1, .palette = palette}));
  expect_color(test::read_photo(path_), 20, 32, {10, 20, 30}, 0);
  write_bytes(path_, test::make_png(20, 32, 1, Bytes(20 * 4, 0xff), {.bits = 1, .palette = palette, .opacities = {255, 51}}));
  expect_color(test::read_photo(path_), 20, 32, {206, 208, 210}, 0);
}

// What programs read that stop with the last pixel.
TEST_F(PhotoTest, ReadsAPngWithoutItsEnd) {
  Bytes png = test::make_png(20, 30, 3, plain({10, 20, 30}));
  png.resize(png.size() - 12);
  write_bytes(path_, png);
  expect_color(test::read_photo(path_), 20, 30, {10, 20, 30}, 0);
}

// Neither 16 bits nor a note on gamma make linear light of it.
TEST_F(PhotoTest, ReadsSamplesOfPngAsStored) {
  // 257 k is k of 8 bits; 257 k + 128 is nearer to k, and 129 to k + 1.
  write_bytes(path_, test::make_png(20, 30, 3, plain({100, 100, 100, 100 + 128, 100, 100 + 129}), {.bits = 16}));
  expect_color(test::read_photo(path_), 20, 30, {100, 100, 101}, 0);
  write_bytes(path_, test::make_png(20, 30, 1, plain({77, 77}), {.bits = 16}));
  expect_color(test::read_photo(path_), 20, 30, {77, 77, 77}, 0);
  for (const double gamma : {1.0, 0.25}) {
    write_bytes(path_, test::make_png(20, 30, 3, plain({200, 100, 50}), {.gamma = gamma}));
    expect_color(test::read_photo(path_), 20, 30, {200, 100, 50}, 0);
  }
}

TEST_F(PhotoTest, RefusesWhatIsNoPhoto) {
  expect_error([&] { test::read_photo(path_); }, "cannot be read: No such file", path_);
  expect_error([&] { test::read_photo(folder_.path()); }, "it is a folder", folder_.path());
  ASSERT_EQ(mkfifo(folder_.file("pipe").c_str(), 0600), 0);
  expect_error([&] { test::read_photo(folder_.file("pipe")); }, "it is no regular file", folder_.file("pipe"));
  for (const Bytes& bytes : {Bytes{}, Bytes{'t', 'e', 'x', 't'}, Bytes{0xff, 0xd8}}) {
    write_bytes(path_, bytes);
    expect_error([&] { test::read_photo(path_); }, bytes.empty() ? "it is empty" : "no picture of a kind that is read (JPEG, ",
                 path_);
  }
}

TEST_F(PhotoTest, RefusesEveryCutFile) {
  Bytes pixels(size_t{8} * 11 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i);
  // The last two bytes of a JPEG say that it ends; the last 12 of a PNG too, and its pixels do before.
  test::expect_no_cut_file(test::make_jpeg(8, 11, 3, pixels), 20, 5);
  test::expect_no_cut_file(test::make_png(8, 11, 3, pixels), 20);
}

TEST(Grey, IsTheLuma) {
  const Bytes rgb = {0, 0, 0, 255, 255, 255, 77, 77, 77, 255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30};
  Bytes grey(7);
  to_grey(rgb.data(), 7, grey.data());
  EXPECT_EQ(grey, (Bytes{0, 255, 77, 76, 150, 29, 18}));
}

// Says that a JPEG is of h x w pixels, each below 2^16: in its frame header, ff c0 or c2, length, precision, then height and width.
Bytes with_size(Bytes jpeg, int h, int w) {
  for (size_t i = 0; i + 9 < jpeg.size(); ++i)
    if (jpeg[i] == 0xff && (jpeg[i + 1] == 0xc0 || jpeg[i + 1] == 0xc2))
      for (size_t k = 0; k < 4; ++k) jpeg[i + 5 + k] = static_cast<uint8_t>((k < 2 ? h : w) >> (k % 2 == 0 ? 8 : 0));
  return jpeg;
}

// A PNG's signature, header and the first bytes of its pixels.
Bytes png_header(int h, int w, bool interlaced) {
  Bytes b = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  for (const int number : {w, h})
    for (int shift = 24; shift >= 0; shift -= 8) b.push_back(static_cast<uint8_t>(number >> shift));
  b.insert(b.end(), {8, 6, 0, 0, static_cast<uint8_t>(interlaced)});
  const auto sum = crc32(0, b.data() + 12, 17);
  for (int shift = 24; shift >= 0; shift -= 8) b.push_back(static_cast<uint8_t>(sum >> shift));
  b.insert(b.end(), {0, 0, 1, 0, 'I', 'D', 'A', 'T', 1, 2});
  return b;
}

TEST_F(PhotoTest, RefusesSizesBeforeMemoryIsTaken) {
  const Bytes jpeg = test::make_jpeg(20, 30, 3, plain({1, 2, 3})), scans = test::make_jpeg(20, 30, 3, plain({1, 2, 3}), true);
  test::expect_refused(with_size(jpeg, 65278, 65278), "65278x65278 pixels are too many");
  test::expect_refused(with_size(scans, 9000, 8000), "8000x9000 pixels are too many in a file of which all must be in memory");
  test::expect_refused(png_header(16384, 16384, false), "16384x16384 pixels are too many");
  test::expect_refused(png_header(65536, 1, false), "1x65536 pixels are too many");
  test::expect_refused(png_header(9000, 8000, true), "8000x9000 pixels are too many in a file of which all must be in memory");
  // As large as cameras' photos are, but for what is missing.
  for (const Bytes& file : {with_size(jpeg, 8736, 11648), with_size(scans, 8000, 8000), png_header(8736, 11648, false)}) {
    write_bytes(path_, file);
    PhotoFile photo;
    photo.open(path_);
    EXPECT_GE(photo.h(), 8000);
    test::expect_refused(file, "not a whole");
  }
}

TEST_F(PhotoTest, ReadsProgressiveJpegAsBaseline) {
  Bytes pixels(size_t{20} * 30 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
  for (const int denominator : {1, 2}) {
    write_bytes(path_, test::make_jpeg(20, 30, 3, pixels));
    const Bytes baseline = test::read_photo(path_, denominator).pixels;
    write_bytes(path_, test::make_jpeg(20, 30, 3, pixels, true));
    EXPECT_EQ(test::read_photo(path_, denominator).pixels, baseline);
  }
}

}  // namespace
}  // namespace intrain
