// Widths below that of the storage (base/widths.h).
#pragma once

#include <cstdint>

#include "base/random.h"

namespace intrain::ops {

// After a quantizer whose shift was larger by 8 - bits, in place: m = clamp(m, +-(2^(bits-1) - 1)) 2^(8-bits), 2 <= bits <= 8.
struct NarrowS8 {
  int8_t* data;
  int64_t count;
  int bits;
};
void narrow_s8_reference(const NarrowS8& p);

// The same for u8: m = min(m, 2^bits - 1) 2^(8-bits).
struct NarrowU8 {
  uint8_t* data;
  int64_t count;
  int bits;
};
void narrow_u8_reference(const NarrowU8& p);

// One sample, in place: v = clamp(round(v / 2^(16-bits)), +-(2^(bits-1) - 1)) 2^(16-bits), 2 <= bits <= 16, to nearest, or stochastic
// (rshift_stochastic8) if `random` is not null. Returns max |v|.
struct NarrowS16 {
  int16_t* data;
  int64_t count;
  int bits;
  const ErrorRandom* random = nullptr;
};
int32_t narrow_s16_reference(const NarrowS16& p);

}  // namespace intrain::ops
