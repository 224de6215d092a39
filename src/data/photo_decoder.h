// What the decoders of the kinds of files have in common: a picture as its file stores it, row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/photo.h"

namespace intrain {

class PhotoDecoder {
 public:
  virtual ~PhotoDecoder() = default;
  PhotoDecoder(const PhotoDecoder&) = delete;
  PhotoDecoder& operator=(const PhotoDecoder&) = delete;

  // As stored; the orientation is how a viewer turns it (data/exif.h).
  PhotoSize size() const { return size_; }
  int orientation() const { return orientation_; }
  virtual PhotoSize size(int /*denominator*/) const { return size_; }
  // All rows of the picture of that size. Throws Error and std::bad_alloc; once.
  virtual void decode(int denominator, const PhotoRows& rows) = 0;

  [[noreturn]] void fail(const std::string& what) const;

 protected:
  // bytes must outlive the decoder.
  PhotoDecoder(const std::string& path, const std::vector<uint8_t>& bytes) : path_(path), bytes_(bytes) {}
  // Throws Error if there are too many pixels, or none.
  void set_size(int64_t h, int64_t w);
  // Throws Error if there are too many to have them all in memory.
  void check_whole() const;
  void set_orientation(int orientation) { orientation_ = orientation; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  const std::string path_;
  const std::vector<uint8_t>& bytes_;
  PhotoSize size_{0, 0};
  int orientation_ = 1;
};

// Each reads the header. Throws Error and std::bad_alloc.
std::unique_ptr<PhotoDecoder> open_jpeg(const std::string& path, const std::vector<uint8_t>& bytes);
std::unique_ptr<PhotoDecoder> open_png(const std::string& path, const std::vector<uint8_t>& bytes);
std::unique_ptr<PhotoDecoder> open_webp(const std::string& path, const std::vector<uint8_t>& bytes);
std::unique_ptr<PhotoDecoder> open_bmp(const std::string& path, const std::vector<uint8_t>& bytes);
std::unique_ptr<PhotoDecoder> open_gif(const std::string& path, const std::vector<uint8_t>& bytes);
std::unique_ptr<PhotoDecoder> open_tiff(const std::string& path, const std::vector<uint8_t>& bytes);

// The library behind each, by its version.
std::string jpeg_version();
std::string png_version();
std::string webp_version();
std::string gif_version();
std::string tiff_version();

// c of opacity a, both of 255, before white, to nearest.
inline uint8_t on_white(int c, int a) { return static_cast<uint8_t>((c * a + 255 * (255 - a) + 127) / 255); }

// What remains of the light c, of 255, behind black ink that leaves k of it, to nearest.
inline uint8_t behind_black(int c, int k) { return static_cast<uint8_t>((c * k + 127) / 255); }

}  // namespace intrain
