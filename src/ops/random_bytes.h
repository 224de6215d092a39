// RandomStream::byte for runs of elements: 16 Philox blocks side by side.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace intrain::ops {

// out[0 .. 256) = the bytes of group `group` (elements 256 group ..). Lanes: the ISA's vector (lanes_<isa>.h), one block a lane.
template <class Lanes>
[[gnu::always_inline]] static inline void random_group(const ErrorRandom& random, uint32_t group, uint8_t* out) {
  using Register = typename Lanes::Register;
  const Register m0 = Lanes::set(kPhilox0), m1 = Lanes::set(kPhilox1);
  for (int first = 0; first < 16; first += Lanes::kLanes) {
    Register c[4] = {Lanes::iota(group * 16 + static_cast<uint32_t>(first)), Lanes::set(random.sample),
                     Lanes::set(random.stream.step), Lanes::set(random.stream.number)};
    uint32_t k0 = philox_key0(random.stream.seed, random.stream.use), k1 = philox_key1(random.stream.seed);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      Register high0, low0, high1, low1;
      Lanes::multiply(c[0], m0, &high0, &low0);
      Lanes::multiply(c[2], m1, &high1, &low1);
      c[0] = Lanes::exclusive_or(Lanes::exclusive_or(high1, c[1]), Lanes::set(k0));
      c[2] = Lanes::exclusive_or(Lanes::exclusive_or(high0, c[3]), Lanes::set(k1));
      c[1] = low1;
      c[3] = low0;
      k0 += kPhiloxKey0;
      k1 += kPhiloxKey1;
    }
#pragma GCC unroll 16
    for (int b = 0; b < 16; ++b) Lanes::store_bytes(c[b / 4], b % 4, out + 16 * b + first);
  }
}

// Writes the groups that cover elements [first, first + count) to `out` (room for count + 510) and returns where `first` lies.
template <class Lanes>
[[gnu::always_inline]] static inline const uint8_t* random_bytes(const ErrorRandom& random, int64_t first, int count,
                                                                 uint8_t* out) {
  const int64_t begin = first / 256, end = (first + count + 255) / 256;
  for (int64_t g = begin; g < end; ++g) random_group<Lanes>(random, static_cast<uint32_t>(g), out + (g - begin) * 256);
  return out + (first - begin * 256);
}

}  // namespace intrain::ops
