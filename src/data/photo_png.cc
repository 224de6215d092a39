// PNG, by libpng.
#include <png.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "data/exif.h"
#include "data/photo_decoder.h"

namespace intrain {

namespace {

// Errors leave libpng's C code as those of libjpeg do (photo_jpeg.cc).
//
// Samples are taken as they are stored: libpng's simplified interface takes 16 bits for linear light, and follows gAMA chunks in floating
// point. What comes after the pixels is not read.
class PngDecoder : public PhotoDecoder {
 public:
  PngDecoder(const std::string& path, const std::vector<uint8_t>& file)
      : PhotoDecoder(path, file), next_(file.data()), left_(file.size()) {
    const auto warned = [](png_structp, png_const_charp) {};
    png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, refuse, warned, this, allocate, release);
    if (png_ == nullptr) throw std::bad_alloc();
    try {
      info_ = png_create_info_struct(png_);
      if (info_ == nullptr) throw std::bad_alloc();
      png_set_read_fn(png_, this, take);
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // texts and profiles, which may be large
      png_read_info(png_, info_);
      set_size(png_get_image_height(png_, info_), png_get_image_width(png_, info_));
      if (interlaced()) check_whole();
      set_orientation(find_orientation());
    } catch (...) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw;
    }
  }
  ~PngDecoder() override { png_destroy_read_struct(&png_, &info_, nullptr); }

  void decode(int /*denominator*/, const PhotoRows& rows) override {
    png_set_expand(png_);    // palettes, fewer than 8 bits, transparent colors
    png_set_scale_16(png_);  // to nearest
    png_set_gray_to_rgb(png_);
    png_read_update_info(png_, info_);
    row_.resize(size_t{png_get_channels(png_, info_)} * static_cast<size_t>(size().w));
    if (interlaced()) return decode_passes(rows);
    for (int y = 0; y < size().h; ++y) {
      read_row(size().w);
      rows(y, row_.data());
    }
  }

 private:
  [[noreturn]] static void refuse(png_structp png, png_const_charp message) {
    const PngDecoder& self = *static_cast<PngDecoder*>(png_get_error_ptr(png));
    if (self.out_of_memory_) throw std::bad_alloc();
    self.fail(std::string("not a whole PNG picture: ") + message);
  }
  static png_voidp allocate(png_structp png, png_alloc_size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) static_cast<PngDecoder*>(png_get_mem_ptr(png))->out_of_memory_ = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
  static void take(png_structp png, png_bytep to, size_t count) {
    PngDecoder& file = *static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (count > file.left_) refuse(png, "it ends too soon");
    std::memcpy(to, file.next_, count);
    file.next_ += count;
    file.left_ -= count;
  }

  bool interlaced() const { return png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE; }

  // Programs write the chunk before or behind the pixels.
  int find_orientation() const {
    constexpr size_t kSignature = 8, kHeader = 8, kSum = 4;
    const uint8_t* at = bytes().data();
    for (size_t i = kSignature; bytes().size() - i >= kHeader;) {
      const size_t length = png_get_uint_32(at + i), rest = bytes().size() - i - kHeader;
      if (length > rest) break;
      if (std::memcmp(at + i + 4, "eXIf", 4) == 0) return exif_orientation(at + i + kHeader, length);
      if (rest - length < kSum) break;
      i += kHeader + length + kSum;
    }
    return 1;
  }

  // The next row of `width` pixels into row_, as RGB.
  void read_row(int width) {
    png_read_row(png_, row_.data(), nullptr);
    if (png_get_channels(png_, info_) == 3) return;
    for (size_t i = 0; i < static_cast<size_t>(width); ++i) {
      const int alpha = row_[4 * i + 3];
      for (size_t ch = 0; ch < 3; ++ch) row_[3 * i + ch] = on_white(row_[4 * i + ch], alpha);
    }
  }

  // The 7 passes of Adam7, each a picture of its own of every so many rows and columns.
  void decode_passes(const PhotoRows& rows) {
    const auto h = static_cast<png_uint_32>(size().h), w = static_cast<png_uint_32>(size().w);
    std::vector<uint8_t> whole(size_t{3} * h * w);
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass) {
      const png_uint_32 pass_h = PNG_PASS_ROWS(h, pass), pass_w = PNG_PASS_COLS(w, pass);
      if (pass_w == 0) continue;
      for (png_uint_32 y = 0; y < pass_h; ++y) {
        read_row(static_cast<int>(pass_w));
        uint8_t* to = whole.data() + size_t{3} * PNG_ROW_FROM_PASS_ROW(y, pass) * w;
        for (png_uint_32 x = 0; x < pass_w; ++x)
          std::memcpy(to + size_t{3} * PNG_COL_FROM_PASS_COL(x, pass), row_.data() + size_t{3} * x, 3);
      }
    }
    for (int y = 0; y < size().h; ++y) rows(y, whole.data() + size_t{3} * static_cast<size_t>(y) * w);
  }

  const uint8_t* next_;
  size_t left_;
  bool out_of_memory_ = false;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<uint8_t> row_;
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_png(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<PngDecoder>(path, bytes);
}

std::string png_version() { return std::string("libpng ") + png_get_libpng_ver(nullptr); }

}  // namespace intrain
