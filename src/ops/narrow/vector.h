// The vector form of narrow.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/rounding.h"
#include "ops/narrow/narrow.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void narrow_s8_vector(const NarrowS8& p) {
  int8_t* __restrict data = p.data;
  const int64_t count = p.count;
  const int limit = static_cast<int>(quantize_limit(p.bits)), step = 1 << (8 - p.bits);
  for (int64_t i = 0; i < count; ++i) {
    const int v = data[i] < -limit ? -limit : data[i] > limit ? limit : data[i];
    data[i] = static_cast<int8_t>(v * step);
  }
}

[[gnu::always_inline]] static inline void narrow_u8_vector(const NarrowU8& p) {
  uint8_t* __restrict data = p.data;
  const int64_t count = p.count;
  const int limit = (1 << p.bits) - 1, up = 8 - p.bits;
  for (int64_t i = 0; i < count; ++i) data[i] = static_cast<uint8_t>((data[i] > limit ? limit : data[i]) << up);
}

[[gnu::always_inline]] static inline int32_t narrow_s16_vector(const NarrowS16& p) {
  int16_t* __restrict data = p.data;
  const int64_t count = p.count;
  const Shift32 shift = make_shift32(16 - p.bits);
  const int limit = static_cast<int>(quantize_limit(p.bits)), step = 1 << (16 - p.bits);
  int32_t max = 0;
  for (int64_t i = 0; i < count; ++i) {
    int32_t v = rshift_round32(data[i], shift);
    v = (v < -limit ? -limit : v > limit ? limit : v) * step;
    data[i] = static_cast<int16_t>(v);
    const int32_t m = v < 0 ? -v : v;
    max = m > max ? m : max;
  }
  return max;
}

}  // namespace intrain::ops
