#include "data/exif.h"

#include <cstring>

namespace intrain {

namespace {

constexpr unsigned kOrientationTag = 0x0112, kShort = 3, kLong = 4;

// Numbers of either byte order; the caller has checked that they lie inside.
struct Numbers {
  const uint8_t* bytes;
  bool big_endian;
  unsigned u16(size_t at) const {
    return big_endian ? unsigned{bytes[at]} << 8 | bytes[at + 1] : unsigned{bytes[at + 1]} << 8 | bytes[at];
  }
  uint32_t u32(size_t at) const { return big_endian ? u16(at) << 16 | u16(at + 2) : u16(at + 2) << 16 | u16(at); }
};

}  // namespace

int exif_orientation(const uint8_t* block, size_t size) {
  constexpr char kPrefix[] = {'E', 'x', 'i', 'f', 0, 0};
  if (size >= sizeof kPrefix && std::memcmp(block, kPrefix, sizeof kPrefix) == 0) {
    block += sizeof kPrefix;
    size -= sizeof kPrefix;
  }
  constexpr size_t kHeader = 8, kCount = 2, kEntry = 12;
  if (size < kHeader + kCount) return 1;
  const bool big = std::memcmp(block, "MM\0*", 4) == 0;
  if (!big && std::memcmp(block, "II*\0", 4) != 0) return 1;
  const Numbers numbers{block, big};
  const size_t directory = numbers.u32(4);
  if (directory > size - kCount) return 1;
  const unsigned entries = numbers.u16(directory);
  size_t at = directory + kCount;
  for (unsigned i = 0; i < entries && at + kEntry <= size; ++i, at += kEntry) {
    if (numbers.u16(at) != kOrientationTag) continue;
    const unsigned type = numbers.u16(at + 2);
    if ((type != kShort && type != kLong) || numbers.u32(at + 4) != 1) return 1;
    const uint32_t value = type == kShort ? numbers.u16(at + 8) : numbers.u32(at + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace intrain
