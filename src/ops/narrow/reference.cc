#include "base/rounding.h"
#include "ops/narrow/narrow.h"

namespace intrain::ops {

void narrow_s8_reference(const NarrowS8& p) {
  const int64_t limit = quantize_limit(p.bits), step = int64_t{1} << (8 - p.bits);
  for (int64_t i = 0; i < p.count; ++i) p.data[i] = static_cast<int8_t>(clamp(p.data[i], -limit, limit) * step);
}

void narrow_u8_reference(const NarrowU8& p) {
  const int64_t limit = (int64_t{1} << p.bits) - 1, step = int64_t{1} << (8 - p.bits);
  for (int64_t i = 0; i < p.count; ++i) p.data[i] = static_cast<uint8_t>(clamp(p.data[i], 0, limit) * step);
}

int32_t narrow_s16_reference(const NarrowS16& p) {
  const int shift = 16 - p.bits;
  const int64_t limit = quantize_limit(p.bits), step = int64_t{1} << shift;
  uint64_t max = 0;
  for (int64_t i = 0; i < p.count; ++i) {
    const int64_t rounded = p.random != nullptr ? rshift_stochastic8(p.data[i], shift, p.random->stream.byte(p.random->sample, i))
                                                : rshift_round(p.data[i], shift);
    const int64_t v = clamp(rounded, -limit, limit) * step;
    p.data[i] = static_cast<int16_t>(v);
    if (magnitude(v) > max) max = magnitude(v);
  }
  return static_cast<int32_t>(max);
}

}  // namespace intrain::ops
