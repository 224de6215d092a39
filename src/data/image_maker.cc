#include "data/image_maker.h"

#include <algorithm>
#include <new>
#include <string>

#include "core/error.h"
#include "data/augment.h"
#include "data/check_loader.h"
#include "data/color_jitter.h"

namespace intrain {

ImageMaker::ImageMaker(const Dataset& set, const Normalization& norm, const LoaderOptions& options, size_t kept_bytes)
    : set_(set), norm_(norm), options_(options), reader_(kept_bytes) {
  const bool copies = !set.files.empty() || (options.augments() && options.color_jitter.any());
  if (copies) pixels_.resize(static_cast<size_t>(set.image_size()));
}

void ImageMaker::make(uint32_t epoch, int32_t sample, uint32_t draw, int8_t* dst) {
  const bool photos = !set_.files.empty();
  if (photos) read_photo(epoch, sample, draw);
  const uint8_t* image = photos ? pixels_.data() : set_.image(sample);
  if (options_.augments())
    augment(image, epoch, sample, draw, dst);
  else
    normalize_image(image, int64_t{set_.h} * set_.w, set_.c, norm_, dst);
}

void ImageMaker::read_photo(uint32_t epoch, int32_t sample, uint32_t draw) {
  const std::string& file = set_.files[static_cast<size_t>(sample)];
  // Another rank may have looked at the photo, on a machine with files of its own.
  const bool compared = options_.ranks > 1 && !set_.file_hashes.empty();
  uint64_t hash = 0;
  uint64_t* const file_hash = compared ? &hash : nullptr;
  try {
    if (options_.augments())
      reader_.read(file, set_.h, set_.w, options_.seed, epoch, draw, pixels_.data(), file_hash);
    else
      reader_.read(file, set_.crop_q16, set_.h, set_.w, pixels_.data(), file_hash);
  } catch (const std::bad_alloc&) {
    throw Error("memory cannot hold it", file, "choose fewer `threads`, or make the picture smaller");
  }
  if (compared && hash != set_.file_hashes[static_cast<size_t>(sample)])
    throw Error("it is not the photo that was checked before the first step", file, "let all ranks see the same files");
}

void ImageMaker::augment(const uint8_t* image, uint32_t epoch, int32_t sample, uint32_t draw, int8_t* dst) {
  if (options_.color_jitter.any()) {
    if (image != pixels_.data()) std::copy_n(image, set_.image_size(), pixels_.data());
    image = pixels_.data();
    jitter_colors(random_factors(options_.color_jitter, options_.seed, epoch, draw), int64_t{set_.h} * set_.w, set_.c,
                  pixels_.data());
  }
  const int pad = shift_of(set_, options_);
  Crop crop = random_crop(options_.seed, epoch, draw, pad);
  crop.mirrored = is_mirrored(options_.mirror, options_.seed, epoch, draw, static_cast<uint32_t>(sample));
  crop_image(image, set_.h, set_.w, set_.c, norm_, pad, crop, options_.border, dst);
  if (options_.cutout > 0)
    cut_out(set_.h, set_.w, set_.c, random_place(options_.seed, epoch, draw, set_.h, set_.w), options_.cutout, dst);
}

}  // namespace intrain
