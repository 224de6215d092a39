// The vector form of batch_norm_backward_max and batch_norm_backward_quantize.
#pragma once

#include "ops/batch_norm/vector.h"
#include "ops/random_bytes.h"
#include "ops/split_error_vector.h"

namespace intrain::ops {

// Calls row(part, place of the row in the block, element, v) down the rows of every column: v = k e + b (256 x_hat) + a plus
// `extra`, in halves. b and 256 x_hat fit s16, as k and e do, and so one instruction sums the products.
template <class Lanes, class Row>
[[gnu::always_inline]] static inline void backward_values(const NormBackward& p, const RowBlock& block, const int32_t* k,
                                                          const int32_t* b, const int32_t* a, int32_t extra, const Row& row) {
  using Register = typename Lanes::Register;
  const int16_t* error = p.e;
  const int8_t* x_hat = p.x_hat;
  for_each_column<Lanes>(
      block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
        const Register low16 = Lanes::set(0xFFFF), more = Lanes::set(static_cast<uint32_t>(extra));
        Register kb[2], high[2], constant[2];
        part.load_halves(k + column.first, &kb[0], &kb[1]);
        part.load_halves(b + column.first, &high[0], &high[1]);
        part.load_halves(a + column.first, &constant[0], &constant[1]);
        for (int i = 0; i < 2; ++i) {
          kb[i] = Lanes::bit_or(Lanes::bit_and(kb[i], low16), Lanes::half_up(high[i]));
          constant[i] = Lanes::add(constant[i], more);
        }
        int64_t at = column.at;
        for (int r = 0; r < column.rows; ++r, at += column.stride) {
          fetch(error + at, column.ahead);
          fetch(x_hat + at, column.ahead);
          const Register e = part.load16(error + at), x = Lanes::byte_up(part.load_s8(x_hat + at));
          row(part, int64_t{r} * block.width + column.first, at, Lanes::dot(constant[0], Lanes::interleave_low(e, x), kb[0]),
              Lanes::dot(constant[1], Lanes::interleave_high(e, x), kb[1]));
        }
      });
}

template <class Lanes>
[[gnu::always_inline]] static inline uint32_t batch_norm_backward_max_vector(const NormBackward& p) {
  using Register = typename Lanes::Register;
  Register max[2] = {Lanes::zero(), Lanes::zero()};
  for_each_slice(
      p.rows, p.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> k(p.k, slice), b(p.b, slice), a(p.a, slice);
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              backward_values<Lanes>(
                  p, block, k.data, b.data, a.data,
                  0, [&](const auto&, int64_t, int64_t, Register low, Register high) __attribute__((always_inline)) {
                    max[0] = Lanes::max(max[0], Lanes::abs(low));
                    max[1] = Lanes::max(max[1], Lanes::abs(high));
                  });
            });
      });
  return static_cast<uint32_t>(largest<Lanes, int32_t>(Lanes::max(max[0], max[1])));
}

template <class Lanes>
[[gnu::always_inline]] static inline void batch_norm_backward_quantize_vector(const NormBackward& p) {
  using Register = typename Lanes::Register;
  const Round32<Lanes> nearest(make_shift32(p.shift));
  const Stochastic8<Lanes> stochastic(p.shift);
  const QuantizePlanes<Lanes> planes(p.shift, p.random != nullptr, p.plane);
  int8_t* dst = p.dst;
  for_each_slice(
      p.rows, p.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> k(p.k, slice), b(p.b, slice), a(p.a, slice);
        alignas(64) uint8_t storage[kBlockValues + 512];
        if (p.random == nullptr) __builtin_memset(storage, 0, sizeof(storage));
        // The random bytes of a block come in one piece, as its rows do.
        for_each_block(
            slice,
            slice.stride == slice.width ? rows_in_cache(slice) : 1, [&](const RowBlock& block) __attribute__((always_inline)) {
              if (p.random == nullptr && p.plane.low == nullptr) {
                backward_values<Lanes>(
                    p, block, k.data, b.data, a.data,
                    0, [&](const auto& part, int64_t, int64_t at, Register low, Register high) __attribute__((always_inline)) {
                      part.store_s8(dst + at, Lanes::pack(nearest(low), nearest(high)));
                    });
                return;
              }
              const uint8_t* bytes = storage;  // zeros where two planes are rounded to nearest: no consequence
              if (p.random != nullptr)
                bytes = random_bytes<Lanes>(*p.random, p.first + block.at, block.rows * block.width, storage);
              if (p.plane.low != nullptr) {
                backward_values<Lanes>(
                    p, block, k.data, b.data, a.data, 0,
                    [&](const auto& part, int64_t place, int64_t at, Register low, Register high) __attribute__((always_inline)) {
                      Register upper, lower;
                      planes(low, high, part.load_u8(bytes + place), &upper, &lower);
                      part.store_s8(dst + at, upper);
                      part.store_s8(p.plane.low + at, lower);
                    });
                return;
              }
              backward_values<Lanes>(
                  p, block, k.data, b.data, a.data, stochastic.extra,
                  [&](const auto& part, int64_t place, int64_t at, Register low, Register high) __attribute__((always_inline)) {
                    part.store_s8(dst + at, stochastic(low, high, part.load_u8(bytes + place)));
                  });
            });
      });
}

}  // namespace intrain::ops
