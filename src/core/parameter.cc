#include "core/parameter.h"

#include <algorithm>

#include "base/formats.h"
#include "base/random.h"

namespace intrain {

void Parameter::allocate(bool training) {
  const size_t n = static_cast<size_t>(count());
  master.resize(n);
  momentum.assign(training ? n : 0, 0);
}

void Parameter::initialize(uint64_t seed) {
  const RandomStream random{seed, RandomUse::kInit, number, 0};
  // Words come in rising order, four a block: each block is made once.
  uint64_t block = 0;
  Philox4 words = random.block(0);
  const auto bits = [&](uint64_t i) {
    if (i / 4 != block) words = random.block(block = i / 4);
    return words.word[i % 4];
  };
  // The sum of 12 uniform 16-bit numbers, from words 6 i to 6 i + 5, less its mean 6 * 65535: a deviation of 65536.
  const auto normal = [](uint64_t i, const auto& word) {
    int64_t z = -6 * 65535;
    for (uint64_t j = 0; j < 6; ++j) {
      const uint32_t two = word(6 * i + j);
      z += (two & 0xFFFF) + (two >> 16);
    }
    return z;
  };
  constexpr int64_t kOne = int64_t{1} << -kMasterExp;
  // floor(2^24 sqrt(2 / fan)) and floor(2^24 / sqrt(fan)).
  const int64_t deviation = isqrt((uint64_t{2} << -2 * kMasterExp) / static_cast<uint64_t>(fan));
  const int64_t bound = isqrt((uint64_t{1} << -2 * kMasterExp) / static_cast<uint64_t>(fan));
  for (size_t i = 0; i < master.size(); ++i) {
    int64_t w = 0;
    switch (initializer) {
      case Initializer::kHeNormal:
        w = rshift_round(normal(i, bits) * deviation, 16);
        break;
      case Initializer::kTruncatedNormal: {
        int64_t z = normal(i, bits);
        // Drawn again while it is beyond two deviations: 4.6 % of the draws.
        for (RandomStream again = random; magnitude(z) > 2 << 16;) {
          ++again.step;
          z = normal(i, [&](uint64_t word) { return again.bits(word); });
        }
        w = rshift_round(z * bound, 16);
        break;
      }
      case Initializer::kUniform:
        w = rshift_round((int64_t{bits(i)} - (int64_t{1} << 31)) * bound, 31);
        break;
      case Initializer::kOne:
        w = kOne;
        break;
      case Initializer::kZero:
        break;
    }
    master[i] = static_cast<int32_t>(w);
  }
  std::fill(momentum.begin(), momentum.end(), int16_t{0});
  momentum_exp = -64;
}

}  // namespace intrain
