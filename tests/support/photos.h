// JPEG and PNG files made in memory.
#pragma once

#include <cstdio>
#include <cstdlib>

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

// c = 1 grey, 3 RGB, 4 RGB and opacity.
inline Bytes make_png(int h, int w, int c, const Bytes& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(h);
  image.width = static_cast<png_uint_32>(w);
  image.format = c == 1 ? PNG_FORMAT_GRAY : c == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  png_alloc_size_t size = 0;
  EXPECT_NE(png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr), 0);
  Bytes bytes(size);
  EXPECT_NE(png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr), 0);
  bytes.resize(size);
  return bytes;
}

}  // namespace intrain::test
