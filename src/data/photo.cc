#include "data/photo.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

// Needs FILE declared before it.
#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include "core/error.h"

namespace intrain {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(what, path, "replace the file or take it away");
}

void check_size(const std::string& path, int64_t h, int64_t w) {
  if (h < 1 || w < 1) fail(path, "it has no pixels");
  if (h > kMaxPhotoPixels / w) fail(path, std::to_string(w) + "x" + std::to_string(h) + " pixels are too many");
}

// Whether the picture is whole in spite of a warning of libjpeg.
bool harmless(int code) { return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR; }

// The decoder of one JPEG. libjpeg's errors are thrown as Error through its C code, which Debian compiles with unwind tables; what
// it holds is freed by the destructor.
class Jpeg {
 public:
  Jpeg(const std::string& path, const std::vector<uint8_t>& bytes) : path_(path) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { refuse(info); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && !harmless(info->err->msg_code)) refuse(info);
    };
    info_.client_data = this;
    jpeg_create_decompress(&info_);
    try {
      jpeg_mem_src(&info_, bytes.data(), bytes.size());
      jpeg_read_header(&info_, TRUE);
      check_size(path_, info_.image_height, info_.image_width);
    } catch (...) {
      jpeg_destroy_decompress(&info_);
      throw;
    }
  }
  ~Jpeg() { jpeg_destroy_decompress(&info_); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  int h() const { return static_cast<int>(info_.image_height); }
  int w() const { return static_cast<int>(info_.image_width); }

  void decode(int denominator, Photo& photo) {
    const bool cmyk = info_.num_components == 4;
    info_.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(denominator);
    info_.dct_method = JDCT_ISLOW;  // exact: the same pixels from every CPU
    jpeg_start_decompress(&info_);
    photo.h = static_cast<int>(info_.output_height);
    photo.w = static_cast<int>(info_.output_width);
    photo.pixels.resize(size_t{3} * info_.output_height * info_.output_width);
    if (cmyk) row_.resize(size_t{4} * info_.output_width);
    while (info_.output_scanline < info_.output_height) {
      uint8_t* to = photo.pixels.data() + size_t{3} * info_.output_scanline * info_.output_width;
      uint8_t* row = cmyk ? row_.data() : to;
      jpeg_read_scanlines(&info_, &row, 1);
      if (cmyk) to_rgb(to);
    }
    jpeg_finish_decompress(&info_);
  }

 private:
  [[noreturn]] static void refuse(j_common_ptr info) {
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    fail(static_cast<Jpeg*>(info->client_data)->path_, std::string("not a whole JPEG picture: ") + message);
  }

  // Paper shows what ink leaves of the light. Programs of Adobe, which mark their files, store the light, not the ink.
  void to_rgb(uint8_t* to) const {
    const int flip = info_.saw_Adobe_marker ? 0 : 255;
    for (unsigned x = 0; x < info_.output_width; ++x) {
      const uint8_t* from = row_.data() + size_t{4} * x;
      const int black = from[3] ^ flip;
      for (unsigned ch = 0; ch < 3; ++ch) to[size_t{3} * x + ch] = static_cast<uint8_t>(((from[ch] ^ flip) * black + 127) / 255);
    }
  }

  const std::string& path_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  std::vector<uint8_t> row_;
};

// The decoder of one PNG. Errors leave libpng's C code as those of libjpeg do.
//
// Samples are taken as they are stored: libpng's simplified interface takes 16 bits for linear light, and follows gAMA chunks in floating
// point. What comes after the pixels is not read.
class Png {
 public:
  Png(const std::string& path, const std::vector<uint8_t>& bytes) : path_(path), next_(bytes.data()), left_(bytes.size()) {
    const auto warned = [](png_structp, png_const_charp) {};
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, refuse, warned);
    if (png_ == nullptr) throw std::bad_alloc();
    try {
      info_ = png_create_info_struct(png_);
      if (info_ == nullptr) throw std::bad_alloc();
      png_set_read_fn(png_, this, take);
      png_read_info(png_, info_);
      check_size(path_, png_get_image_height(png_, info_), png_get_image_width(png_, info_));
    } catch (...) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw;
    }
  }
  ~Png() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  int h() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  int w() const { return static_cast<int>(png_get_image_width(png_, info_)); }

  void decode(Photo& photo) {
    png_set_expand(png_);    // palettes, fewer than 8 bits, transparent colors
    png_set_scale_16(png_);  // to nearest
    png_set_gray_to_rgb(png_);
    const bool interlaced = png_set_interlace_handling(png_) > 1;
    png_read_update_info(png_, info_);
    photo.h = h();
    photo.w = w();
    const size_t height = png_get_image_height(png_, info_), row = size_t{3} * png_get_image_width(png_, info_);
    photo.pixels.resize(height * row);
    if (png_get_channels(png_, info_) == 3) return read(photo.pixels.data(), height, row, interlaced);
    // With opacity: a row at a time, but for those whose rows come in pieces.
    const size_t wide = row / 3 * 4, at_once = interlaced ? height : 1;
    rgba_.resize(wide * at_once);
    for (size_t y = 0; y < height; y += at_once) {
      read(rgba_.data(), at_once, wide, interlaced);
      on_white(photo.pixels.data() + y * row, row / 3 * at_once);
    }
  }

 private:
  [[noreturn]] static void refuse(png_structp png, png_const_charp message) {
    fail(static_cast<Png*>(png_get_error_ptr(png))->path_, std::string("not a whole PNG picture: ") + message);
  }
  static void take(png_structp png, png_bytep to, size_t count) {
    Png& file = *static_cast<Png*>(png_get_io_ptr(png));
    if (count > file.left_) refuse(png, "it ends too soon");
    std::memcpy(to, file.next_, count);
    file.next_ += count;
    file.left_ -= count;
  }
  void read(uint8_t* pixels, size_t height, size_t row, bool interlaced) {
    rows_.resize(height);
    for (size_t y = 0; y < height; ++y) rows_[y] = pixels + y * row;
    if (interlaced)
      png_read_image(png_, rows_.data());
    else
      png_read_rows(png_, rows_.data(), nullptr, static_cast<png_uint_32>(height));
  }
  void on_white(uint8_t* rgb, size_t pixels) const {
    for (size_t i = 0; i < pixels; ++i) {
      const int alpha = rgba_[4 * i + 3];
      for (size_t ch = 0; ch < 3; ++ch)
        rgb[3 * i + ch] = static_cast<uint8_t>((rgba_[4 * i + ch] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }

  const std::string& path_;
  const uint8_t* next_;
  size_t left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<png_bytep> rows_;
  std::vector<uint8_t> rgba_;
};

void read_bytes(const std::string& path, std::vector<uint8_t>& bytes) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) fail(path, std::string("cannot be read: ") + std::strerror(errno));
  const std::streamoff size = in.tellg();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) fail(path, "it is a folder");  // which has a size, too
  if (size < 0) fail(path, "cannot be read");
  if (size > kMaxPhotoBytes) fail(path, "it has more than 256 MiB");
  bytes.resize(static_cast<size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (in.gcount() != size) fail(path, "cannot be read");
}

}  // namespace

void PhotoFile::open(const std::string& path) {
  path_ = path;
  read_bytes(path_, bytes_);
  constexpr uint8_t kJpeg[] = {0xff, 0xd8, 0xff}, kPng[] = {0x89, 'P', 'N', 'G'};
  const auto begins = [&](const auto& magic) {
    return bytes_.size() > sizeof magic && std::memcmp(bytes_.data(), magic, sizeof magic) == 0;
  };
  jpeg_ = begins(kJpeg);
  const auto take_size = [&](const auto& file) {
    h_ = file.h();
    w_ = file.w();
  };
  if (jpeg_)
    take_size(Jpeg(path_, bytes_));
  else if (begins(kPng))
    take_size(Png(path_, bytes_));
  else
    fail(path_, "neither a JPEG nor a PNG picture");
}

void PhotoFile::decode(int denominator, Photo& photo) const {
  if (jpeg_)
    Jpeg(path_, bytes_).decode(denominator, photo);
  else
    Png(path_, bytes_).decode(photo);
}

void to_grey(const uint8_t* rgb, int64_t pixels, uint8_t* grey) {
  for (int64_t i = 0; i < pixels; ++i, rgb += 3)
    grey[i] = static_cast<uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

}  // namespace intrain
