// The vector form of staging: a loop that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/rounding.h"
#include "ops/conv2d/conv2d.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void stage_s16_vector(const StageS16& p) {
  const int32_t* __restrict shift = p.shift;
  for (int64_t r = 0; r < p.rows; ++r) {
    const int32_t* __restrict acc = p.acc + r * p.lda;
    int16_t* __restrict dst = p.dst + r * p.ldd;
    for (int c = 0; c < p.channels; ++c) {
      const int32_t s = shift[c], half = (1 << s) >> 1, odd = (acc[c] >> s) & 1;
      dst[c] = static_cast<int16_t>((acc[c] + half - (half != 0) + (odd & (half != 0))) >> s);
    }
  }
}

}  // namespace intrain::ops
