// Photos from files as a net sees them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "data/augment.h"
#include "data/photo.h"
#include "data/resize.h"

namespace intrain {

// One photo at a time into h x w pixels, in memory that is used again, but for what a very large photo took.
class PhotoReader {
 public:
  PhotoReader() = default;
  // kept_bytes: the most that is held for the next photo.
  explicit PhotoReader(size_t kept_bytes) : kept_bytes_(kept_bytes) {}

  // training: the window of (seed, epoch, sample), else evaluation_window. A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size
  // where the window stays at least as large as the result. dst [h][w][3]. Throws Error and std::bad_alloc.
  // file_hash, if given: of the file's bytes (PhotoFile::hash).
  void read(const std::string& path, int crop_q16, int h, int w, uint8_t* dst, uint64_t* file_hash = nullptr);
  void read(const std::string& path, int h, int w, uint64_t seed, uint32_t epoch, uint32_t sample, uint8_t* dst,
            uint64_t* file_hash = nullptr);
  // For nets that know whole images: all but what the shape h x w cuts off (whole_window). A photo of h x w pixels stays as it is.
  void read_whole(const std::string& path, int h, int w, uint8_t* dst);

 private:
  void read_window(const Window& window, int h, int w, uint8_t* dst);
  size_t kept_bytes_ = size_t{32} << 20;
  PhotoFile file_;
  Resizer resizer_;
};

}  // namespace intrain
