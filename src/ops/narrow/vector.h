// The vector form of narrow.h: loops that the compiler vectorizes for the ISA of the file that includes this; random bits over its vector,
// Lanes (lanes_<isa>.h).
#pragma once

#include "base/rounding.h"
#include "ops/narrow/narrow.h"
#include "ops/random_bytes.h"

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

// round(v, i): of element i.
template <class Round>
[[gnu::always_inline]] static inline int32_t narrow_s16_loop(int16_t* __restrict data, int64_t count, int bits,
                                                             const Round& round) {
  const int limit = static_cast<int>(quantize_limit(bits)), step = 1 << (16 - bits);
  int32_t max = 0;
  for (int64_t i = 0; i < count; ++i) {
    int32_t v = round(data[i], i);
    v = (v < -limit ? -limit : v > limit ? limit : v) * step;
    data[i] = static_cast<int16_t>(v);
    const int32_t m = v < 0 ? -v : v;
    max = m > max ? m : max;
  }
  return max;
}

template <class Lanes>
[[gnu::always_inline]] static inline int32_t narrow_s16_vector(const NarrowS16& p) {
  if (p.random == nullptr) {
    const Shift32 shift = make_shift32(16 - p.bits);
    return narrow_s16_loop(
        p.data, p.count, p.bits, [&](int32_t v, int64_t) __attribute__((always_inline)) { return rshift_round32(v, shift); });
  }
  const int shift = 16 - p.bits;
  int32_t max = 0;
  alignas(64) uint8_t bytes[256];
  for (int64_t first = 0; first < p.count; first += 256) {
    random_group<Lanes>(*p.random, static_cast<uint32_t>(first / 256), bytes);
    const int32_t most = narrow_s16_loop(
        p.data + first, p.count - first < 256 ? p.count - first : 256,
        p.bits, [&](int32_t v, int64_t i) __attribute__((always_inline)) { return rshift_stochastic8(v, shift, bytes[i]); });
    max = most > max ? most : max;
  }
  return max;
}

}  // namespace intrain::ops
