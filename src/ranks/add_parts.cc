#include "ranks/add_parts.h"

#include <bit>
#include <cstring>

#include "core/check.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "integers of memory are taken as they are sent");

namespace {

template <class Unsigned>
void add(const uint8_t* part, int64_t count, uint8_t* sums) {
  for (int64_t i = 0; i < count; ++i) {
    Unsigned a, b;
    std::memcpy(&a, sums + i * sizeof a, sizeof a);
    std::memcpy(&b, part + i * sizeof b, sizeof b);
    a = static_cast<Unsigned>(a + b);
    std::memcpy(sums + i * sizeof a, &a, sizeof a);
  }
}

uint32_t load24(const uint8_t* p) { return p[0] | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16; }

void add24(const uint8_t* part, int64_t count, uint8_t* sums) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t sum = load24(sums + 3 * i) + load24(part + 3 * i);
    for (int byte = 0; byte < 3; ++byte) sums[3 * i + byte] = static_cast<uint8_t>(sum >> (8 * byte));
  }
}

}  // namespace

void add_parts(int width, const uint8_t* parts, int ranks, int64_t count, uint8_t* sums) {
  const auto bytes = static_cast<size_t>(count * width);
  if (bytes == 0) return;
  std::memcpy(sums, parts, bytes);
  for (int r = 1; r < ranks; ++r) {
    const uint8_t* const part = parts + static_cast<size_t>(r) * bytes;
    switch (width) {
      case 1:
        add<uint8_t>(part, count, sums);
        break;
      case 2:
        add<uint16_t>(part, count, sums);
        break;
      case 3:
        add24(part, count, sums);
        break;
      case 4:
        add<uint32_t>(part, count, sums);
        break;
      default:
        CHECK_EQ(width, 8);
        add<uint64_t>(part, count, sums);
    }
  }
}

}  // namespace intrain
