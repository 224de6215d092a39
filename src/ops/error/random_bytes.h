// RandomStream::byte for runs of elements: 16 Philox blocks side by side, which the compiler turns into vectors.
#pragma once

#include <cstdint>

#include "ops/error/error.h"

namespace intrain::ops {

// out[0 .. 256) = the bytes of group `group` (elements 256 group ..).
[[gnu::always_inline]] static inline void random_group(const ErrorRandom& random, uint32_t group, uint8_t* __restrict out) {
  constexpr int kLanes = 16;
  alignas(64) uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (int l = 0; l < kLanes; ++l) {
    c0[l] = group * kLanes + static_cast<uint32_t>(l);
    c1[l] = random.sample;
    c2[l] = random.stream.step;
    c3[l] = random.stream.number;
  }
  uint32_t k0 = random.stream.key0(), k1 = random.stream.key1();
  for (int round = 0; round < 10; ++round) {
    for (int l = 0; l < kLanes; ++l) {
      const uint64_t p0 = uint64_t{kPhilox0} * c0[l], p1 = uint64_t{kPhilox1} * c2[l];
      c0[l] = static_cast<uint32_t>(p1 >> 32) ^ c1[l] ^ k0;
      c2[l] = static_cast<uint32_t>(p0 >> 32) ^ c3[l] ^ k1;
      c1[l] = static_cast<uint32_t>(p1);
      c3[l] = static_cast<uint32_t>(p0);
    }
    k0 += kPhiloxKey0;
    k1 += kPhiloxKey1;
  }
  for (int b = 0; b < 4; ++b)
    for (int l = 0; l < kLanes; ++l) {
      out[16 * b + l] = static_cast<uint8_t>(c0[l] >> (8 * b));
      out[16 * (4 + b) + l] = static_cast<uint8_t>(c1[l] >> (8 * b));
      out[16 * (8 + b) + l] = static_cast<uint8_t>(c2[l] >> (8 * b));
      out[16 * (12 + b) + l] = static_cast<uint8_t>(c3[l] >> (8 * b));
    }
}

// Writes the groups that cover elements [first, first + count) to `out` (room for count + 510) and returns where `first` lies.
[[gnu::always_inline]] static inline const uint8_t* random_bytes(const ErrorRandom& random, int64_t first, int count, uint8_t* out) {
  const int64_t begin = first / 256, end = (first + count + 255) / 256;
  for (int64_t g = begin; g < end; ++g) random_group(random, static_cast<uint32_t>(g), out + (g - begin) * 256);
  return out + (first - begin * 256);
}

}  // namespace intrain::ops
