// What a manifest of photos says of them, behind its hash. What is taken is written as it was read, and adds up to no more than a set can have.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "data/normalization.h"
#include "data/photo_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  constexpr int kSide = 16;
  PhotosFacts photos;
  try {
    photos = parse_photo_facts(data, bytes, kSide * kSide);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  const std::string again = photo_facts_bytes(photos);
  if (again.size() != bytes || parse_photo_facts(reinterpret_cast<const uint8_t*>(again.data()), bytes, kSide * kSide) != photos)
    std::abort();
  if (photos.empty()) return 0;
  Dataset set;
  set.h = set.w = kSide;
  set.c = kMaxChannels;
  set.classes = 1;
  set.pixel_sums.resize(kMaxChannels);
  for (const auto& [name, facts] : photos) {
    set.files.push_back(name);
    ++set.count;
    for (size_t ch = 0; ch < kMaxChannels; ++ch) {
      set.pixel_sums[ch].sum += facts.sums[ch].sum;
      set.pixel_sums[ch].squares += facts.sums[ch].squares;
    }
  }
  make_normalization(set);
  return 0;
}
