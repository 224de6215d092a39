#include "ranks/add_parts.h"

#include <cstring>

#include "core/check.h"
#include "core/packed_integer.h"

namespace intrain {

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

void add24(const uint8_t* part, int64_t count, uint8_t* sums) {
  for (int64_t i = 0; i < count; ++i) store_packed<3>(sums, i, load_packed<3>(sums, i) + load_packed<3>(part, i));
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
