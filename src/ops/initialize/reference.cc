#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/initialize/initialize.h"

namespace intrain::ops {
namespace {

constexpr uint64_t kMostDeviations = 2;

// Words in rising order, four a block: each block is made once.
struct Words {
  RandomStream stream;
  uint64_t block = 0;
  Philox4 words;
  explicit Words(const RandomStream& s) : stream(s), words(s.block(0)) {}
  uint32_t operator()(uint64_t i) {
    if (i / 4 != block) words = stream.block(block = i / 4);
    return words.word[i % 4];
  }
};

int64_t normal(uint64_t i, Words& words) {
  int64_t z = -6 * 65535;
  for (uint64_t j = 0; j < 6; ++j) {
    const uint32_t two = words(6 * i + j);
    z += (two & 0xFFFF) + (two >> 16);
  }
  return z;
}

// 4.6 % of the draws are beyond two deviations.
int64_t truncated_normal(uint64_t i, Words& words) {
  int64_t z = normal(i, words);
  for (RandomStream again = words.stream; magnitude(z) > kMostDeviations << 16;) {
    ++again.step;
    Words drawn(again);
    z = normal(i, drawn);
  }
  return z;
}

}  // namespace

void initialize_reference(const Initialize& p) {
  Words words({p.seed, RandomUse::kInit, p.tensor, 0});
  const int64_t deviation = isqrt((uint64_t{2} << -2 * kMasterExp) / static_cast<uint64_t>(p.fan));
  const int64_t bound = isqrt((uint64_t{1} << -2 * kMasterExp) / static_cast<uint64_t>(p.fan));
  for (int64_t at = 0; at < p.count; ++at) {
    const uint64_t i = static_cast<uint64_t>(at);
    int64_t w = 0;
    switch (p.initializer) {
      case Initializer::kHeNormal:
        w = rshift_round(normal(i, words) * deviation, 16);
        break;
      case Initializer::kTruncatedNormal:
        w = rshift_round(truncated_normal(i, words) * bound, 16);
        break;
      case Initializer::kUniform:
        w = rshift_round((int64_t{words(i)} - (int64_t{1} << 31)) * bound, 31);
        break;
      case Initializer::kOne:
        w = int64_t{1} << -kMasterExp;
        break;
      case Initializer::kZero:
        break;
    }
    w = rshift_round(w, p.coarse) * (int64_t{1} << p.coarse);
    p.master[at] = static_cast<int32_t>(clamp(w, -int64_t{p.most}, p.most));
  }
}

}  // namespace intrain::ops
