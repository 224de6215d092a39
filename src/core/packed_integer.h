// Integers of 1 to 8 bytes that lie one behind the other, the lowest byte first: what ranks send each other may have 3 bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace intrain {

static_assert(std::endian::native == std::endian::little, "integers of memory are taken as they are sent");

// The i-th, without its sign.
template <int kBytes>
uint64_t load_packed(const void* values, int64_t i) {
  uint64_t v = 0;
  std::memcpy(&v, static_cast<const uint8_t*>(values) + i * kBytes, kBytes);
  return v;
}

// v modulo 2^(8 kBytes) becomes the i-th.
template <int kBytes>
void store_packed(void* values, int64_t i, uint64_t v) {
  std::memcpy(static_cast<uint8_t*>(values) + i * kBytes, &v, kBytes);
}

}  // namespace intrain
