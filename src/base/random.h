// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC
// 2011).
//
// A random number is a function of (seed, purpose, step, element), never the next one of a stream: the order of evaluation, the
// threads and the ranks cannot show in it.
#pragma once

#include <cstdint>

namespace intrain {

struct Philox4 {
  uint32_t word[4];
};

constexpr uint32_t kPhilox0 = 0xD2511F53, kPhilox1 = 0xCD9E8D57;        // multipliers
constexpr uint32_t kPhiloxKey0 = 0x9E3779B9, kPhiloxKey1 = 0xBB67AE85;  // Weyl sequence of the key

// a b, by 16-bit halves where a processor has no such product and its compiler calls one of 64 bits: Thumb-1, as of a Cortex-M0. There
// a1 b0 + 2^16 - 1 <= (2^16 - 1)^2 + 2^16 - 1 < 2^32.
struct WideProduct {
  uint32_t high, low;
};
static constexpr WideProduct wide_product(uint32_t a, uint32_t b) {
#if defined(__thumb__) && !defined(__thumb2__)
  const uint32_t a0 = a & 0xffff, a1 = a >> 16, b0 = b & 0xffff, b1 = b >> 16;
  const uint32_t middle = a1 * b0 + (a0 * b0 >> 16), other = a0 * b1 + (middle & 0xffff);
  return {a1 * b1 + (middle >> 16) + (other >> 16), a * b};
#else
  const uint64_t product = uint64_t{a} * b;
  return {static_cast<uint32_t>(product >> 32), static_cast<uint32_t>(product)};
#endif
}

// The published function, 10 rounds.
static constexpr Philox4 philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const WideProduct p0 = wide_product(kPhilox0, c0), p1 = wide_product(kPhilox1, c2);
    c0 = p1.high ^ c1 ^ k0;
    c2 = p0.high ^ c3 ^ k1;
    c1 = p1.low;
    c3 = p0.low;
    k0 += kPhiloxKey0;
    k1 += kPhiloxKey1;
  }
  return {{c0, c1, c2, c3}};
}

// What a random number is used for. It is mixed into bits 24 to 27 of the key: seeds below 2^24 have streams of their own.
enum class RandomUse : uint32_t {
  kInit = 1,
  kShuffle = 2,
  kAugment = 3,
  kGradient = 4,
  kMomentum = 5,
  kUpdate = 6,
  kSynthetic = 7,
  kError = 8,
  kActivationError = 9,
  kAverage = 10
};

static constexpr uint32_t philox_key0(uint64_t seed, RandomUse use) {
  return static_cast<uint32_t>(seed) ^ static_cast<uint32_t>(use) << 24;
}
static constexpr uint32_t philox_key1(uint64_t seed) { return static_cast<uint32_t>(seed >> 32); }

// One stream: a seed, a use, a number within the use (the tensor's index, the epoch ...) and a step.
// bits(i) is word i mod 4 of philox(counter = {i / 4 low, i / 4 high, step, number}, key = {seed low ^ (use << 24), seed high}).
struct RandomStream {
  uint64_t seed;
  RandomUse use;
  uint32_t number;
  uint32_t step;

  constexpr Philox4 block(uint64_t b) const {
    return philox4x32(static_cast<uint32_t>(b), static_cast<uint32_t>(b >> 32), step, number, philox_key0(seed, use),
                      philox_key1(seed));
  }
  constexpr uint32_t bits(uint64_t i) const { return block(i / 4).word[i % 4]; }
  // Eight bits of element i of a sample, for tensors of errors; word w of block b here is philox({b, sample, step, number}).
  // Elements go by groups of 256 over 16 blocks, element j of group g is byte j / 16 of block 16 g + j % 16 (little-endian), so
  // that vectors of 16 blocks yield vectors of 16 elements.
  constexpr uint8_t byte(uint32_t sample, int64_t i) const {
    const int64_t block_number = i / 256 * 16 + i % 16, at = i % 256 / 16;
    return static_cast<uint8_t>(block(uint64_t{sample} << 32 | static_cast<uint64_t>(block_number)).word[at / 4] >>
                                (8 * (at % 4)));
  }
  // Uniform in [0, n): high half of bits * n; the bias is below n / 2^32.
  constexpr uint32_t below(uint64_t i, uint32_t n) const { return static_cast<uint32_t>((uint64_t{bits(i)} * n) >> 32); }
};

// Random bits of one sample's E1 or E2: stream.byte(sample, element).
struct ErrorRandom {
  RandomStream stream;
  uint32_t sample;
};
// E2 in a layer. E1 of what the layer reads, or of the residual stream that it forms: the second of the layer's two numbers.
static constexpr ErrorRandom product_error_random(uint64_t seed, uint32_t step, uint32_t layer, uint32_t sample) {
  return {{seed, RandomUse::kError, layer, step}, sample};
}
static constexpr ErrorRandom activation_error_random(uint64_t seed, uint32_t step, uint32_t layer, bool stream, uint32_t sample) {
  return {{seed, RandomUse::kActivationError, 2 * layer + (stream ? 1 : 0), step}, sample};
}

// Known answers of the authors' Random123 distribution (kat_vectors).
static_assert(philox4x32(0, 0, 0, 0, 0, 0).word[0] == 0x6627e8d5 && philox4x32(0, 0, 0, 0, 0, 0).word[3] == 0x9b00dbd8);
static_assert(philox4x32(~0u, ~0u, ~0u, ~0u, ~0u, ~0u).word[0] == 0x408f276d);

}  // namespace intrain
