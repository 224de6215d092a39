// The vector form of activate.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "ops/activate/activate.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

// Shortcut: 0 none, 1 an activation, 2 a second normalized value.
template <int kShortcut>
[[gnu::always_inline]] static inline void activate_rows(const Activate& p) {
  const Shift32 shift = make_shift32(p.shift);
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int8_t> gamma(p.gamma, slice), beta(p.beta, slice);
        const WideArray<int8_t> gamma2(kShortcut == 2 ? p.gamma2 : p.gamma, slice),
            beta2(kShortcut == 2 ? p.beta2 : p.beta, slice);
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const int8_t* __restrict x = p.x_hat + at;
              const uint8_t* __restrict src = kShortcut == 1 ? p.src + at : nullptr;
              const int8_t* __restrict x2 = kShortcut == 2 ? p.x_hat2 + at : nullptr;
              uint8_t* __restrict dst = p.dst + at;
              for (int i = 0; i < width; ++i) {
                int32_t z = gamma.data[i] * x[i] + beta.data[i] * (1 << (kGammaExp - kScaledExp));
                if constexpr (kShortcut == 1) z += src[i] << p.src_shift;
                if constexpr (kShortcut == 2) z += gamma2.data[i] * x2[i] + beta2.data[i] * (1 << (kGammaExp - kScaledExp));
                const int32_t a = rshift_round32(z, shift);
                dst[i] = static_cast<uint8_t>(a < 0 ? 0 : a > kU8Max ? kU8Max : a);
              }
            });
      });
}

[[gnu::always_inline]] static inline void activate_vector(const Activate& p) {
  if (p.src != nullptr)
    activate_rows<1>(p);
  else if (p.x_hat2 != nullptr)
    activate_rows<2>(p);
  else
    activate_rows<0>(p);
}

// Exact in s64. What is below 0 ends as 0, so only values without a sign are shifted: from 40 bits to the right on nothing is left of
// 2^32, and to the left all from 2^8 on is the same.
[[gnu::always_inline]] static inline void relu_requantize_vector(const ReluRequantize& p) {
  const int right = p.shift > 40 ? 40 : p.shift > 0 ? p.shift : 0, left = p.shift < -8 ? 8 : p.shift < 0 ? -p.shift : 0;
  const int64_t most = p.shift < 0 ? 256 : int64_t{1} << 32;
  const uint64_t half = right > 0 ? (uint64_t{1} << (right - 1)) - 1 : 0, odd = right > 0 ? 1 : 0;
  const int64_t rows = p.rows;
  const int channels = p.channels;
  const int32_t* __restrict bias = p.bias;
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t* __restrict acc = p.acc + r * channels;
    uint8_t* __restrict dst = p.dst + r * channels;
    for (int c = 0; c < channels; ++c) {
      const int64_t sum = int64_t{acc[c]} + bias[c];
      const uint64_t v = static_cast<uint64_t>(sum < 0 ? 0 : sum > most ? most : sum);
      const uint64_t a = (v + half + ((v >> right) & odd)) >> right << left;
      dst[c] = static_cast<uint8_t>(a > kU8Max ? kU8Max : a);
    }
  }
}

[[gnu::always_inline]] static inline int32_t relu_backward_vector(const ReluBackward& p) {
  // A shift beyond 16 leaves nothing of an s16: 2^15 / 2^17 rounds to 0.
  const int right = p.align > 17 ? 17 : p.align > 0 ? p.align : 0, left = p.align < 0 ? -p.align : 0;
  const Shift32 shift = make_shift32(right);
  int16_t* __restrict e = p.e;
  const uint8_t* __restrict output = p.output;
  int32_t max = 0;
  for (int64_t i = 0; i < p.count; ++i) {
    int32_t v = rshift_round32(e[i] * (1 << left), shift);
    v = v < -kS16Max ? -kS16Max : v > kS16Max ? kS16Max : v;
    v = ((output[i] != 0) & (output[i] != kU8Max)) != 0 ? v : 0;
    e[i] = static_cast<int16_t>(v);
    const int32_t m = v < 0 ? -v : v;
    max = m > max ? m : max;
  }
  return max;
}

}  // namespace intrain::ops
