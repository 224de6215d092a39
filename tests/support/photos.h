// JPEG and PNG files made in memory.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

// Needs FILE declared before it.
#include <jpeglib.h>
#include <png.h>

#include "support/temp_folder.h"

namespace intrain::test {

// pixels [h][w][c]; c = 1 grey, 3 RGB, 4 CMYK with Adobe's marker, for which libjpeg stores what it is given.
inline Bytes make_jpeg(int h, int w, int c, const Bytes& pixels) {
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
