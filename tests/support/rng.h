// Random data for tests: a seeded generator (SplitMix64, of its own, so that a fault in base/random.h cannot hide itself) and
// fillings that reach saturation on purpose.
#pragma once

#include <cstdint>
#include <vector>

namespace intrain::test {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // Uniform in [lo, hi] (the bias does not matter here).
  int64_t range(int64_t lo, int64_t hi) {
    const uint64_t span = static_cast<uint64_t>(hi) - static_cast<uint64_t>(lo) + 1;
    return static_cast<int64_t>(static_cast<uint64_t>(lo) + (span == 0 ? bits() : bits() % span));
  }
  // A number of a random number of bits, either sign: as many small ones as large ones. width: 1..63.
  int64_t any_width(int width) {
    const int64_t v = static_cast<int64_t>(bits() >> 1 >> (63 - range(1, width)));
    return bits() & 1 ? -v : v;
  }

 private:
  uint64_t state_;
};

// How an array is filled from the range [lo, hi].
enum class Fill { kUniform, kEnds, kHigh, kLow, kSmall };
constexpr Fill kAllFills[] = {Fill::kUniform, Fill::kEnds, Fill::kHigh, Fill::kLow, Fill::kSmall};

inline const char* fill_name(Fill f) {
  switch (f) {
    case Fill::kUniform:
      return "uniform";
    case Fill::kEnds:
      return "ends";  // each value one of lo, hi
    case Fill::kHigh:
      return "high";  // all hi
    case Fill::kLow:
      return "low";  // all lo
    default:
      return "small";  // near the value of the range closest to zero: many zeros and ties
  }
}

inline int64_t draw(Rng& rng, Fill f, int64_t lo, int64_t hi) {
  switch (f) {
    case Fill::kUniform:
      return rng.range(lo, hi);
    case Fill::kEnds:
      return rng.bits() & 1 ? lo : hi;
    case Fill::kHigh:
      return hi;
    case Fill::kLow:
      return lo;
    default: {
      const int64_t v = rng.range(-3, 3);
      return v < lo ? lo : v > hi ? hi : v;
    }
  }
}

template <class T>
void fill(Rng& rng, Fill f, T* data, int64_t count, int64_t lo, int64_t hi) {
  for (int64_t i = 0; i < count; ++i) data[i] = static_cast<T>(draw(rng, f, lo, hi));
}

template <class T>
std::vector<T> random_vector(Rng& rng, Fill f, int64_t count, int64_t lo, int64_t hi) {
  std::vector<T> v(static_cast<size_t>(count));
  fill(rng, f, v.data(), count, lo, hi);
  return v;
}

}  // namespace intrain::test
