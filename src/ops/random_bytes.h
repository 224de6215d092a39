// RandomStream::byte and ::bits for runs of elements: as many Philox blocks side by side as the ISA's vector has lanes.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace intrain::ops {

// c[w] = word w of the blocks (first_block + lane, block_high). Lanes: the ISA's vector (lanes_<isa>.h), one block a lane.
template <class Lanes>
[[gnu::always_inline]] static inline void philox_lanes(const RandomStream& stream, uint32_t first_block, uint32_t block_high,
                                                       typename Lanes::Register* c) {
  using Register = typename Lanes::Register;
  const Register m0 = Lanes::set(kPhilox0), m1 = Lanes::set(kPhilox1);
  c[0] = Lanes::iota(first_block);
  c[1] = Lanes::set(block_high);
  c[2] = Lanes::set(stream.step);
  c[3] = Lanes::set(stream.number);
  uint32_t k0 = philox_key0(stream.seed, stream.use), k1 = philox_key1(stream.seed);
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
}

// out[0 .. 256) = the bytes of group `group` (elements 256 group ..).
template <class Lanes>
[[gnu::always_inline]] static inline void random_group(const ErrorRandom& random, uint32_t group, uint8_t* out) {
  for (int first = 0; first < 16; first += Lanes::kLanes) {
    typename Lanes::Register c[4];
    philox_lanes<Lanes>(random.stream, group * 16 + static_cast<uint32_t>(first), random.sample, c);
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

// out[i] = stream.bits(first + i) for `count` elements, a multiple of 4 kLanes; first a multiple of 4, the last one below 2^34.
template <class Lanes>
[[gnu::always_inline]] static inline void random_words(const RandomStream& stream, int64_t first, int count, uint32_t* out) {
  for (int i = 0; i < count; i += 4 * Lanes::kLanes) {
    typename Lanes::Register c[4];
    philox_lanes<Lanes>(stream, static_cast<uint32_t>((first + i) / 4), 0, c);
    Lanes::store_blocks(c, out + i);
  }
}

}  // namespace intrain::ops
