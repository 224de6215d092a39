// The vector form of batch_norm.h over an ISA's vector, Lanes (lanes_<isa>.h): columns of as many channels as it has 16-bit lanes.
#pragma once

#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

// A 32-bit sum a channel of a wide row. The columns hold them in the order of the halves of 16-bit lanes.
template <class Lanes>
struct WideSums {
  using Register = typename Lanes::Register;
  alignas(64) uint32_t data[kWideRow + 2 * Lanes::kLanes] = {};

  [[gnu::always_inline]] inline void load(int column, Register* low, Register* high) const {
    *low = Lanes::load(data + column);
    *high = Lanes::load(data + column + Lanes::kLanes);
  }
  [[gnu::always_inline]] inline void store(int column, Register low, Register high) {
    Lanes::store(data + column, low);
    Lanes::store(data + column + Lanes::kLanes, high);
  }
  // To the order of the channels, for reading; clear() before the next column.
  [[gnu::always_inline]] inline void put_in_order(int width) {
    for (int i = 0; i < width; i += 2 * Lanes::kLanes) {
      Register low, high;
      load(i, &low, &high);
      store(i, Lanes::first_of(low, high), Lanes::second_of(low, high));
    }
  }
  [[gnu::always_inline]] inline void clear(int width) {
    for (int i = 0; i < width; i += 2 * Lanes::kLanes) store(i, Lanes::zero(), Lanes::zero());
  }
};

// Calls body(place in the wide row, channel) for all of it.
template <class Body>
[[gnu::always_inline]] static inline void for_each_sum(const RowSlice& s, const Body& body) {
  const int channels = s.width / s.repeat;
  for (int r = 0; r < s.repeat; ++r)
    for (int c = 0; c < channels; ++c) body(r * channels + c, s.channel + c);
}

template <class Lanes>
[[gnu::always_inline]] static inline void batch_norm_sums_vector(const NormSums& p) {
  using Register = typename Lanes::Register;
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        // Rows go in pairs. Of squares, sum the two of a pair modulo 2^32 and their high halves: with n pairs the exact sum lies in
        // [2^16 high, 2^16 high + 2^16 n), where its low 32 bits tell it, n <= 2^16. |y0 + y1| < 2^16: n <= 2^15.
        constexpr int kFlush = 1 << 14;  // rows
        WideSums<Lanes> s1, low, high;
        int held = 0;
        const auto flush = [&] {
          s1.put_in_order(slice.width);
          low.put_in_order(slice.width);
          high.put_in_order(slice.width);
          int64_t* __restrict to1 = p.s1;
          int64_t* __restrict to2 = p.s2;
          for_each_sum(
              slice, [&](int i, int c) __attribute__((always_inline)) {
                const uint64_t least = uint64_t{high.data[i]} << 16;
                to1[c] += static_cast<int32_t>(s1.data[i]);
                to2[c] += static_cast<int64_t>(least + (low.data[i] - static_cast<uint32_t>(least)));
              });
          s1.clear(slice.width);
          low.clear(slice.width);
          high.clear(slice.width);
          held = 0;
        };
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              if (held + block.rows > kFlush) flush();
              held += block.rows;
              for_each_column<Lanes>(
                  block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
                    const Register ones = Lanes::set16(1);
                    Register s[2], l[2], h[2];
                    s1.load(column.first, &s[0], &s[1]);
                    low.load(column.first, &l[0], &l[1]);
                    high.load(column.first, &h[0], &h[1]);
                    const auto add = [&](Register y0, Register y1) __attribute__((always_inline)) {
                      const Register pair[2] = {Lanes::interleave_low(y0, y1), Lanes::interleave_high(y0, y1)};
#pragma GCC unroll 2
                      for (int i = 0; i < 2; ++i) {
                        const Register squares = Lanes::dot(pair[i], pair[i]);
                        s[i] = Lanes::dot(s[i], pair[i], ones);
                        l[i] = Lanes::add(l[i], squares);
                        h[i] = Lanes::add(h[i], Lanes::half_down(squares));
                      }
                    };
                    const int16_t* y = p.y + column.at;
                    int r = 0;
                    for (; r + 2 <= column.rows; r += 2, y += 2 * column.stride)
                      add(part.load16(y), part.load16(y + column.stride));
                    if (r < column.rows) add(part.load16(y), Lanes::zero());
                    s1.store(column.first, s[0], s[1]);
                    low.store(column.first, l[0], l[1]);
                    high.store(column.first, h[0], h[1]);
                  });
            });
        flush();
      });
}

template <class Lanes>
[[gnu::always_inline]] static inline void batch_norm_normalize_vector(const Normalize& p) {
  using Register = typename Lanes::Register;
  for_each_slice(
      p.rows, p.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> mult(p.mult, slice), offset(p.offset, slice), shift(p.shift, slice);
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              for_each_column<Lanes>(
                  block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
                    const Register one = Lanes::set(1), minus_one = Lanes::set(0xFFFFFFFF);
                    Register m[2], o[2], s[2], bias[2];
                    part.load_halves(mult.data + column.first, &m[0], &m[1]);  // at most 2^14: the upper 16 bits are 0
                    part.load_halves(offset.data + column.first, &o[0], &o[1]);
                    part.load_halves(shift.data + column.first, &s[0], &s[1]);
                    for (int i = 0; i < 2; ++i)  // shift >= 2, so 2^(shift - 1) - 1 and odd
                      bias[i] = Lanes::add(o[i], Lanes::add(Lanes::shift_left_each(one, Lanes::add(s[i], minus_one)), minus_one));
                    const int16_t* y = p.y + column.at;
                    int8_t* x_hat = p.x_hat + column.at;
                    for (int r = 0; r < column.rows; ++r, y += column.stride, x_hat += column.stride) {
                      fetch(y, column.ahead);
                      fetch(x_hat, column.ahead);
                      const Register v = part.load16(y);
                      const Register twice[2] = {Lanes::interleave_low(v, v), Lanes::interleave_high(v, v)};
                      Register x[2];
#pragma GCC unroll 2
                      for (int i = 0; i < 2; ++i) {
                        const Register product = Lanes::dot(twice[i], m[i]);
                        const Register odd = Lanes::bit_and(Lanes::shift_right_each(Lanes::add(product, o[i]), s[i]), one);
                        x[i] = Lanes::shift_right_each(Lanes::add(Lanes::add(product, bias[i]), odd), s[i]);
                      }
                      part.store_s8(x_hat, Lanes::pack(x[0], x[1]));
                    }
                  });
            });
      });
}

template <class Lanes>
[[gnu::always_inline]] static inline int32_t batch_norm_backward_sums_vector(const NormBackwardSums& p) {
  using Register = typename Lanes::Register;
  const Align16<Lanes> aligned(p.align);
  Register max = Lanes::zero();
  for_each_slice(
      p.rows, p.channels, [&](const RowSlice& slice) __attribute__((always_inline)) {
        constexpr int kFlush = 512;  // rows: 512 * 32767 * 127 < 2^31
        static_assert(kMostRows <= kFlush);
        WideSums<Lanes> sum_e, sum_ex;
        int held = 0;
        const auto flush = [&] {
          sum_e.put_in_order(slice.width);
          sum_ex.put_in_order(slice.width);
          int64_t* __restrict to_e = p.sum_e;
          int64_t* __restrict to_ex = p.sum_ex;
          for_each_sum(
              slice, [&](int i, int c) __attribute__((always_inline)) {
                to_e[c] += static_cast<int32_t>(sum_e.data[i]);
                to_ex[c] += static_cast<int32_t>(sum_ex.data[i]);
              });
          sum_e.clear(slice.width);
          sum_ex.clear(slice.width);
          held = 0;
        };
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              if (held + block.rows > kFlush) flush();
              held += block.rows;
              for_each_column<Lanes>(
                  block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
                    const Register ones = Lanes::set16(1);
                    Register s[2], sx[2];
                    sum_e.load(column.first, &s[0], &s[1]);
                    sum_ex.load(column.first, &sx[0], &sx[1]);
                    int16_t* e = p.e + column.at;
                    const int8_t* x = p.x_hat + column.at;
                    const uint8_t* mask = p.mask != nullptr ? p.mask + column.at : nullptr;
                    // Aligns and masks the error of row r.
                    const auto update = [&](int64_t r) __attribute__((always_inline)) {
                      const int64_t at = r * column.stride;
                      fetch(e + at, column.ahead);
                      fetch(x + at, column.ahead);
                      Register v = aligned(part.load16(e + at));
                      if (mask != nullptr) {
                        fetch(mask + at, column.ahead);
                        v = Lanes::bit_and(v, part.load_pass(mask + at, p.bottom, p.top));
                      }
                      part.store16(e + at, v);
                      max = Lanes::max16(max, Lanes::abs16(v));
                      return v;
                    };
                    const auto add = [&](Register e0, Register e1, Register x0, Register x1) __attribute__((always_inline)) {
                      const Register e_pair[2] = {Lanes::interleave_low(e0, e1), Lanes::interleave_high(e0, e1)};
                      const Register x_pair[2] = {Lanes::interleave_low(x0, x1), Lanes::interleave_high(x0, x1)};
#pragma GCC unroll 2
                      for (int i = 0; i < 2; ++i) {
                        s[i] = Lanes::dot(s[i], e_pair[i], ones);
                        sx[i] = Lanes::dot(sx[i], e_pair[i], x_pair[i]);
                      }
                    };
                    int64_t r = 0;
                    for (; r + 2 <= column.rows; r += 2) {
                      const Register e0 = update(r), e1 = update(r + 1);
                      add(e0, e1, part.load_s8(x + r * column.stride), part.load_s8(x + (r + 1) * column.stride));
                    }
                    if (r < column.rows) add(update(r), Lanes::zero(), part.load_s8(x + r * column.stride), Lanes::zero());
                    sum_e.store(column.first, s[0], s[1]);
                    sum_ex.store(column.first, sx[0], sx[1]);
                  });
            });
        flush();
      });
  return largest<Lanes, int16_t>(max);
}

}  // namespace intrain::ops
