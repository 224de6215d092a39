// One image of a data set as the net sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/loader_options.h"
#include "data/normalization.h"
#include "data/photo_reader.h"

namespace intrain {

// Makes one image at a time, in memory that is used again: each thread has its own.
class ImageMaker {
 public:
  // All three must outlive it, and the options be good ones (check_loader). kept_bytes: the most that is held for the next photo.
  ImageMaker(const Dataset& set, const Normalization& norm, const LoaderOptions& options, size_t kept_bytes);

  // Image `sample` in epoch `epoch`; draw: the number of its window, mirror, colours and square in the epoch. dst [h][w][c]. Throws Error if
  // it is a photo that cannot be read any more, and std::bad_alloc.
  void make(uint32_t epoch, int32_t sample, uint32_t draw, int8_t* dst);

 private:
  void read_photo(uint32_t epoch, int32_t sample, uint32_t draw);
  void augment(const uint8_t* image, uint32_t epoch, int32_t sample, uint32_t draw, int8_t* dst);
  const Dataset& set_;
  const Normalization& norm_;
  const LoaderOptions& options_;
  PhotoReader reader_;
  std::vector<uint8_t> pixels_;  // [h][w][c] of what is no part of the set: a photo, scaled, or an image of other colours
};

}  // namespace intrain
