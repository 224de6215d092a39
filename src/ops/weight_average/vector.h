// The vector form of weight_average.h: a loop that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/random.h"
#include "ops/random_bytes.h"
#include "ops/weight_average/weight_average.h"

namespace intrain::ops {

template <class Lanes>
[[gnu::always_inline]] static inline void weight_average_vector(const WeightAverage& p) {
  constexpr int kBlock = 256;  // elements whose random words are made at once
  const RandomStream stream{p.seed, RandomUse::kAverage, p.tensor, p.step};
  // |W - avg| < 2^32, moved by 2^33, a multiple of 2^shift, so that the shift needs no sign.
  constexpr uint64_t kMoved = uint64_t{1} << 33;
  const uint64_t back = kMoved >> p.shift;
  for (int64_t at = p.begin; at < p.end; at += kBlock) {
    const int count = p.end - at < kBlock ? static_cast<int>(p.end - at) : kBlock;
    alignas(64) uint32_t bits[kBlock];
    random_words<Lanes>(stream, at, kBlock, bits);
    const int32_t* __restrict master = p.master + at;
    int32_t* __restrict average = p.average + at;
    for (int i = 0; i < count; ++i) {
      const uint64_t random = uint64_t{bits[i]} >> (32 - p.shift);
      const uint64_t sum = kMoved + static_cast<uint64_t>(int64_t{master[i]} - average[i]) + random;
      average[i] = static_cast<int32_t>(static_cast<uint32_t>(average[i]) + static_cast<uint32_t>((sum >> p.shift) - back));
    }
  }
}

}  // namespace intrain::ops
