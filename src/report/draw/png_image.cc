#include "report/draw/png_image.h"

#include <png.h>

#include <new>

namespace intrain {

std::string png_of(const uint8_t* pixels, int h, int w, int c) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(w);
  image.height = static_cast<png_uint_32>(h);
  image.format = c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string png;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  png.resize(bytes);
  // Memory is all that can be missing here.
  if (png_image_write_to_memory(&image, png.data(), &bytes, 0, pixels, w * c, nullptr) == 0) throw std::bad_alloc();
  png.resize(bytes);
  return png;
}

}  // namespace intrain
