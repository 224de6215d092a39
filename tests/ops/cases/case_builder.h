// How a kernel's case (kernel_cases.h) makes its inputs and outputs: in guarded buffers, as a function of (seed, shape, filling) alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/kernels.h"
#include "support/guarded.h"
#include "support/rng.h"

namespace intrain::ops::test {

using intrain::test::Arena;
using intrain::test::Fill;
using intrain::test::Guarded;
using intrain::test::Rng;

struct CaseShape {
  int64_t rows;
  int channels;
  Fill fill;
  int offset;  // elements past an aligned address, for every buffer
};

// Every case is `T params(Arena&, const CaseShape&, Rng&, variant)`; kVariants says how many there are.
class CaseBuilder {
 public:
  CaseBuilder(Arena& arena, const CaseShape& shape, Rng& rng) : arena_(arena), shape_(shape), rng_(rng) {}

  template <class T>
  T* input(const char* name, int64_t count, int64_t lo, int64_t hi) {
    Guarded<T>& b = arena_.add<T>(name, count, shape_.offset);
    intrain::test::fill(rng_, shape_.fill, b.data(), count, lo, hi);
    return b.data();
  }
  // Always uniform: parameters of a channel.
  template <class T>
  T* per_channel(const char* name, int64_t lo, int64_t hi) {
    Guarded<T>& b = arena_.add<T>(name, shape_.channels, shape_.offset);
    for (int c = 0; c < shape_.channels; ++c) b[c] = static_cast<T>(c % 4 == 1 ? hi : c % 4 == 2 ? lo : rng_.range(lo, hi));
    return b.data();
  }
  template <class T>
  T* output(const char* name, int64_t count, int64_t lo = -7, int64_t hi = 7) {
    Guarded<T>& b = arena_.add<T>(name, count, shape_.offset);
    intrain::test::fill(rng_, Fill::kUniform, b.data(), count, std::max<int64_t>(lo, std::numeric_limits<T>::min()), hi);
    return b.data();
  }
  int64_t size() const { return shape_.rows * shape_.channels; }
  const CaseShape& shape() const { return shape_; }
  Rng& rng() { return rng_; }

 private:
  Arena& arena_;
  const CaseShape& shape_;
  Rng& rng_;
};

// Nothing (to nearest), or the random bits of some sample.
inline const ErrorRandom* error_random(int which) {
  static constexpr ErrorRandom kRandoms[] = {{{0x123456789abcdef0, RandomUse::kError, 3, 77}, 5},
                                             {{0, RandomUse::kError, 0xfffffff0, 0}, 0xffffffff}};
  return which == 0 ? nullptr : &kRandoms[which - 1];
}

// One plane of E2, the flag format, all of 16 bits, 9 bits.
constexpr int kErrorPlanes = 4;
inline ErrorPlane error_plane(CaseBuilder& b, int which) {
  constexpr int kLimits[] = {0, 0, kPlanesMax, 255};
  if (which == 0) return {};
  return {b.output<int8_t>("low", b.size()), which == 1, kLimits[which]};
}

}  // namespace intrain::ops::test
