// The vector form of batch_norm.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/random_bytes.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

[[gnu::always_inline]] static inline void batch_norm_sums_vector(const NormSums& p) {
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        // y <= 2^15 and the halves of y^2 are below 2^16: 2^14 wide rows fit 32 bits.
        constexpr int kFlush = 1 << 14;
        alignas(64) int32_t s1[kWideRow] = {};
        alignas(64) uint32_t low[kWideRow] = {}, high[kWideRow] = {};
        const int channels = slice.width / slice.repeat;
        int held = 0;
        const auto flush = [&] {
          for (int i = 0; i < slice.width; ++i) {
            const int c = slice.channel + i % channels;
            p.s1[c] += s1[i];
            p.s2[c] += (int64_t{high[i]} << 16) + low[i];
            s1[i] = 0;
            low[i] = high[i] = 0;
          }
          held = 0;
        };
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const int16_t* __restrict y = p.y + at;
              for (int i = 0; i < width; ++i) {
                const int32_t v = y[i];
                const uint32_t square = static_cast<uint32_t>(v * v);
                s1[i] += v;
                low[i] += square & 0xFFFF;
                high[i] += square >> 16;
              }
              if (++held == kFlush) flush();
            });
        flush();
      });
}

[[gnu::always_inline]] static inline void batch_norm_normalize_vector(const Normalize& p) {
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> mult(p.mult, slice), offset(p.offset, slice), shift(p.shift, slice);
        alignas(64) int32_t bias[kWideRow];
        for (int i = 0; i < slice.width; ++i)
          bias[i] = offset.data[i] + make_shift32(shift.data[i]).bias;  // shift >= 2: odd is 1
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const int16_t* __restrict y = p.y + at;
              int8_t* __restrict dst = p.x_hat + at;
              for (int i = 0; i < width; ++i) {
                const int32_t product = y[i] * mult.data[i];
                const int32_t odd = ((product + offset.data[i]) >> shift.data[i]) & 1;
                const int32_t x = (product + bias[i] + odd) >> shift.data[i];
                dst[i] = static_cast<int8_t>(x < -kS8Max ? -kS8Max : x > kS8Max ? kS8Max : x);
              }
            });
      });
}

[[gnu::always_inline]] static inline int32_t batch_norm_backward_sums_vector(const NormBackwardSums& p) {
  // A shift beyond 16 leaves nothing of an s16: 2^15 / 2^17 rounds to 0.
  const int right = p.align > 17 ? 17 : p.align > 0 ? p.align : 0, left = p.align < 0 ? -p.align : 0;
  const Shift32 shift = make_shift32(right);
  int32_t max = 0;
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        constexpr int kFlush = 512;  // |e x_hat| < 2^22
        alignas(64) int32_t sum_e[kWideRow] = {}, sum_ex[kWideRow] = {};
        const int channels = slice.width / slice.repeat;
        int held = 0;
        const auto flush = [&] {
          for (int i = 0; i < slice.width; ++i) {
            const int c = slice.channel + i % channels;
            p.sum_e[c] += sum_e[i];
            p.sum_ex[c] += sum_ex[i];
            sum_e[i] = sum_ex[i] = 0;
          }
          held = 0;
        };
        const auto rows = [&](auto masked) __attribute__((always_inline)) {
          for_each_row(
              slice, [&](int64_t at, int width) __attribute__((always_inline)) {
                int16_t* __restrict e = p.e + at;
                const int8_t* __restrict x = p.x_hat + at;
                const uint8_t* __restrict mask = masked ? p.mask + at : nullptr;
                for (int i = 0; i < width; ++i) {
                  int32_t v = rshift_round32(e[i] * (1 << left), shift);
                  v = v < -kS16Max ? -kS16Max : v > kS16Max ? kS16Max : v;
                  if constexpr (masked) v = ((mask[i] != 0) & (mask[i] != kU8Max)) != 0 ? v : 0;
                  e[i] = static_cast<int16_t>(v);
                  sum_e[i] += v;
                  sum_ex[i] += v * x[i];
                  const int32_t m = v < 0 ? -v : v;
                  max = m > max ? m : max;
                }
                if (++held == kFlush) flush();
              });
        };
        struct Yes {
          constexpr operator bool() const { return true; }
        };
        struct No {
          constexpr operator bool() const { return false; }
        };
        if (p.mask != nullptr)
          rows(Yes{});
        else
          rows(No{});
        flush();
      });
  return max;
}

[[gnu::always_inline]] static inline uint32_t batch_norm_backward_max_vector(const NormBackward& p) {
  int32_t max = 0;
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> k(p.k, slice), b(p.b, slice), a(p.a, slice);
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const int16_t* __restrict e = p.e + at;
              const int8_t* __restrict x = p.x_hat + at;
              for (int i = 0; i < width; ++i) {
                const int32_t v = k.data[i] * e[i] + b.data[i] * (x[i] * 256) + a.data[i];
                const int32_t m = v < 0 ? -v : v;
                max = m > max ? m : max;
              }
            });
      });
  return static_cast<uint32_t>(max);
}

template <class Lanes>
[[gnu::always_inline]] static inline void batch_norm_backward_quantize_vector(const NormBackward& p) {
  const Shift32 shift = make_shift32(p.shift);
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> k(p.k, slice), b(p.b, slice), a(p.a, slice);
        alignas(64) uint8_t storage[kWideRow + 512];
        for_each_row(
            slice, [&](int64_t at, int width) __attribute__((always_inline)) {
              const int16_t* __restrict e = p.e + at;
              const int8_t* __restrict x = p.x_hat + at;
              int8_t* __restrict dst = p.dst + at;
              const auto quantize_row = [&](const auto& round) __attribute__((always_inline)) {
                for (int i = 0; i < width; ++i) {
                  const int32_t v = round(k.data[i] * e[i] + b.data[i] * (x[i] * 256) + a.data[i], i);
                  dst[i] = static_cast<int8_t>(v < -kS8Max ? -kS8Max : v > kS8Max ? kS8Max : v);
                }
              };
              if (p.random != nullptr) {
                const uint8_t* __restrict bytes = random_bytes<Lanes>(*p.random, p.first + at, width, storage);
                quantize_row([&](int32_t v, int i)
                                 __attribute__((always_inline)) { return rshift_stochastic8(v, p.shift, bytes[i]); });
              } else {
                quantize_row([&](int32_t v, int) __attribute__((always_inline)) { return rshift_round32(v, shift); });
              }
            });
      });
}

}  // namespace intrain::ops
