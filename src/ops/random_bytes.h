// RandomStream::byte and ::bits for runs of elements: as many Philox blocks side by side as the ISA's vector has lanes.
#pragma once

#include <cstdint>

#include "base/random.h"

namespace intrain::ops {

// c[w] = word w of the blocks (first_block + lane, block_high). Lanes: the ISA's vector (lanes_<isa>.h), one block a lane.
// A block is in a lane of 64 bits, for its products: every second one in one half of the work, the others in the other.
template <class Lanes>
[[gnu::always_inline]] static inline void philox_lanes(const RandomStream& stream, uint32_t first_block, uint32_t block_high,
                                                       typename Lanes::Register* c) {
  using Register = typename Lanes::Register;
  const Register m0 = Lanes::set(kPhilox0), m1 = Lanes::set(kPhilox1);
  uint32_t k0 = philox_key0(stream.seed, stream.use), k1 = philox_key1(stream.seed);
  // The first two rounds, in which half of the words are the same in every block.
  const uint64_t p1 = uint64_t{kPhilox1} * stream.step;
  const uint64_t p0 = uint64_t{kPhilox0} * (static_cast<uint32_t>(p1 >> 32) ^ block_high ^ k0);
  Register half[2][4];
  for (int h = 0; h < 2; ++h) {
    const Register first = Lanes::multiply64(Lanes::iota64(first_block + static_cast<uint32_t>(h)), m0);
    const Register second = Lanes::multiply64(Lanes::exclusive_or(Lanes::high64(first), Lanes::set(stream.number ^ k1)), m1);
    half[h][0] = Lanes::exclusive_or(Lanes::high64(second), Lanes::set(static_cast<uint32_t>(p1) ^ (k0 + kPhiloxKey0)));
    half[h][1] = second;
    half[h][2] = Lanes::exclusive_or(first, Lanes::set(static_cast<uint32_t>(p0 >> 32) ^ (k1 + kPhiloxKey1)));
    half[h][3] = Lanes::set(static_cast<uint32_t>(p0));
  }
#pragma GCC unroll 8
  for (uint32_t round = 2; round < 10; ++round) {
    const Register key0 = Lanes::set(k0 + round * kPhiloxKey0), key1 = Lanes::set(k1 + round * kPhiloxKey1);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      Register* w = half[h];
      const Register product0 = Lanes::multiply64(w[0], m0), product1 = Lanes::multiply64(w[2], m1);
      w[0] = Lanes::exclusive_or(Lanes::high64(product1), w[1], key0);
      w[2] = Lanes::exclusive_or(Lanes::high64(product0), w[3], key1);
      w[1] = product1;
      w[3] = product0;
    }
  }
  for (int i = 0; i < 4; ++i) c[i] = Lanes::merge64(half[0][i], half[1][i]);
}

// out[0 .. 256) = the bytes of group `group` (elements 256 group ..).
template <class Lanes>
[[gnu::always_inline]] static inline void random_group(const ErrorRandom& random, uint32_t group, uint8_t* out) {
  constexpr int kParts = 16 / Lanes::kLanes;
  typename Lanes::Register part[kParts][4];
  for (int i = 0; i < kParts; ++i)
    philox_lanes<Lanes>(random.stream, group * 16 + static_cast<uint32_t>(i * Lanes::kLanes), random.sample, part[i]);
  for (int w = 0; w < 4; ++w) {
    typename Lanes::Register word[kParts];
    for (int i = 0; i < kParts; ++i) word[i] = part[i][w];
    Lanes::store_byte_planes(word, out + 64 * w);
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

// rshift_stochastic8, clamped to +-127 or beyond, in 16 bits. For shifts s > 8 floor((v + 2^(s-8) r + 2^(s-9)) / 2^s) =
// floor((floor((v + 2^(s-9)) / 2^(s-8)) + r) / 2^8); for 8 without the 2^(s-9); below 8 floor((v + floor(r / 2^(8-s))) / 2^s).
// What saturates on the way is beyond +-127 in the end: 32767 / 2^8 >= 127.
template <class Lanes>
struct Stochastic8 {
  using Register = typename Lanes::Register;
  int32_t extra;  // for the caller to add to v
  typename Lanes::Count first, random, last;
  [[gnu::always_inline]] inline explicit Stochastic8(int s)
      : extra(s > 8 ? 1 << (s - 9) : 0),
        first(Lanes::count(s > 8 ? s - 8 : 0)),
        random(Lanes::count(s < 8 ? 8 - s : 0)),
        last(Lanes::count(s < 8 ? s : 8)) {}
  // low, high: v + extra in halves (Lanes); r: a random byte in every 16-bit lane.
  [[gnu::always_inline]] inline Register operator()(Register low, Register high, Register r) const {
    const Register v = Lanes::pack(Lanes::shift_right(low, first), Lanes::shift_right(high, first));
    return Lanes::shift16_right(Lanes::add16_saturated(v, Lanes::shift16_right_logical(r, random)), last);
  }
};

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
