// JPEG and PNG files made in memory, and what is read of a file.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

// Needs FILE declared before it.
#include <jpeglib.h>
#include <png.h>

#include "data/photo.h"
#include "support/temp_folder.h"

namespace intrain::test {

struct Photo {
  int h = 0, w = 0;
  Bytes pixels;  // [h][w][3]
};

// All of a file's picture.
inline Photo read_photo(const std::string& path, int denominator = 1) {
  PhotoFile file;
  file.open(path);
  const PhotoSize size = file.size(denominator);
  Photo photo{size.h, size.w, Bytes(size_t{3} * static_cast<size_t>(size.h) * static_cast<size_t>(size.w))};
  std::vector<bool> seen(static_cast<size_t>(size.h));
  file.decode(denominator, {0, 0, size.h, size.w}, [&](int y, const uint8_t* rgb) {
    EXPECT_FALSE(seen.at(static_cast<size_t>(y))) << "row " << y;
    seen.at(static_cast<size_t>(y)) = true;
    std::copy_n(rgb, 3 * size.w, photo.pixels.data() + int64_t{3} * y * size.w);
  });
  EXPECT_EQ(std::count(seen.begin(), seen.end(), false), 0);
  return photo;
}

// 20 rows of 30 pixels, all of one color.
inline Bytes plain(const Bytes& color) {
  Bytes pixels;
  for (int i = 0; i < 20 * 30; ++i) pixels.insert(pixels.end(), color.begin(), color.end());
  return pixels;
}

inline void expect_color(const Photo& photo, int h, int w, const Bytes& rgb, int tolerance) {
  ASSERT_EQ(photo.h, h);
  ASSERT_EQ(photo.w, w);
  for (size_t i = 0; i < photo.pixels.size(); ++i) ASSERT_NEAR(photo.pixels[i], rgb[i % 3], tolerance) << "at " << i;
}

// The pixels, of which there are few.
inline void expect_pixels(const Bytes& file, int h, int w, const Bytes& rgb) {
  const TempFolder folder;
  write_bytes(folder.file("photo"), file);
  const Photo photo = read_photo(folder.file("photo"));
  EXPECT_EQ(photo.h, h);
  EXPECT_EQ(photo.w, w);
  EXPECT_EQ(photo.pixels, rgb);
}

// Must be refused, naming the file.
inline void expect_refused(const Bytes& file, const std::string& what) {
  const TempFolder folder;
  write_bytes(folder.file("photo"), file);
  expect_error([&] { read_photo(folder.file("photo")); }, what, folder.file("photo"));
}

// Cut before its last `spare` bytes, at every step-th place, it must be refused.
inline void expect_no_cut_file(const Bytes& whole, size_t spare, size_t step = 1) {
  const TempFolder folder;
  const std::string path = folder.file("photo");
  write_bytes(path, whole);
  EXPECT_NO_THROW(read_photo(path));
  for (size_t size = 0; size + spare < whole.size(); size += step) {
    write_bytes(path, Bytes(whole.begin(), whole.begin() + static_cast<int64_t>(size)));
    ASSERT_THROW(read_photo(path), Error) << size << " of " << whole.size() << " bytes";
  }
}

// pixels [h][w][c]; c = 1 grey, 3 RGB, 4 CMYK with Adobe's marker, for which libjpeg stores what it is given.
inline Bytes make_jpeg(int h, int w, int c, const Bytes& pixels, bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  info.image_height = static_cast<JDIMENSION>(h);
  info.image_width = static_cast<JDIMENSION>(w);
  info.input_components = c;
  info.in_color_space = c == 1 ? JCS_GRAYSCALE : c == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < h; ++y) {
    auto* row = const_cast<uint8_t*>(pixels.data() + int64_t{y} * w * c);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes bytes(out, out + size);
  std::free(out);
  return bytes;
}

struct PngOptions {
  int bits = 8;      // or 16, high byte first; 1, 2, 4 with all pixels of a row in whole bytes
  double gamma = 0;  // of the gAMA chunk; 0: none
  bool interlaced = false;
  std::vector<png_color> palette = {};   // pixels are numbers in it
  std::vector<png_byte> opacities = {};  // of the first colors of the palette
};

// c = 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity.
inline Bytes make_png(int h, int w, int c, const Bytes& pixels, const PngOptions& options = {}) {
  constexpr int kTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  Bytes bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, size_t count) {
        Bytes& to = *static_cast<Bytes*>(png_get_io_ptr(p));
        to.insert(to.end(), data, data + count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(w), static_cast<png_uint_32>(h), options.bits,
               options.palette.empty() ? kTypes[c - 1] : PNG_COLOR_TYPE_PALETTE,
               options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (options.gamma > 0) png_set_gAMA(png, info, options.gamma);
  if (!options.palette.empty()) png_set_PLTE(png, info, options.palette.data(), static_cast<int>(options.palette.size()));
  if (!options.opacities.empty())
    png_set_tRNS(png, info, options.opacities.data(), static_cast<int>(options.opacities.size()), nullptr);
  png_write_info(png, info);
  std::vector<png_bytep> rows;
  for (int y = 0; y < h; ++y) rows.push_back(const_cast<uint8_t*>(pixels.data() + int64_t{y} * w * c * options.bits / 8));
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace intrain::test
