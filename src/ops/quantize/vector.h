// The vector form of quantize.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/quantize/quantize.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void quantize_fixed_vector(const QuantizeFixed& p) {
  // From 127 2^24 on the result is 127 for every shift there is, and below it the sum with its rounding term fits s32.
  constexpr int32_t kMost = kS8Max << 24;
  const Shift32 shift = make_shift32(p.shift);
  const int32_t* __restrict master = p.master;
  int8_t* __restrict dst = p.dst;
  const int64_t count = p.count;  // dst may point anywhere, also at p
  for (int64_t i = 0; i < count; ++i) {
    const int32_t v = rshift_round32(master[i] < -kMost ? -kMost : master[i] > kMost ? kMost : master[i], shift);
    dst[i] = static_cast<int8_t>(v < -kS8Max ? -kS8Max : v > kS8Max ? kS8Max : v);
  }
}

[[gnu::always_inline]] static inline void l1_norms_vector(const L1Norms& p) {
  static_assert(kMaxReduction * 128 < INT32_MAX);
  for (int64_t r = 0; r < p.rows; ++r) {
    const int8_t* __restrict row = p.wei + r * p.row_size;
    const int size = static_cast<int>(p.row_size);
    int32_t sum = 0;
    for (int i = 0; i < size; ++i) sum += row[i] < 0 ? -row[i] : row[i];
    p.dst[r] = sum;
  }
}

}  // namespace intrain::ops
