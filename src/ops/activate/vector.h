// The vector form of activate.h over an ISA's vector, Lanes (lanes_<isa>.h).
#pragma once

#include "base/formats.h"
#include "ops/activate/activate.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

// Shortcut: 0 none, 1 an activation, 2 a second normalized value, 3 an activation of s8. What the 16 bits of f hold they hold exactly; the
// sums are of 32 bits, two products an instruction.
template <class Lanes, int kShortcut, bool kSigned>
[[gnu::always_inline]] static inline void activate_rows(const Activate& p) {
  using Register = typename Lanes::Register;
  const int8_t* x_hat2 = p.x_hat2;
  const uint8_t* src = p.src;
  const Register limit = Lanes::set16(p.f_limit), least = Lanes::set16(-p.f_limit), ones = Lanes::set16(1),
                 top = Lanes::set16(p.top), bottom = Lanes::set16(p.bottom),
                 src_scale = Lanes::set(kShortcut % 2 == 1 ? uint32_t{16} << p.src_shift : 0);
  const typename Lanes::Count left = Lanes::count(p.f_left), four = Lanes::count(4);
  const Round16<Lanes> to_s8(4);
  const Round32<Lanes> to_dst(make_shift32(p.shift));
  for_each_slice(
      p.rows, p.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> mult(p.mult, slice), offset(p.offset, slice), f_shift(p.f_shift, slice);
        const WideArray<int8_t> gamma(p.gamma, slice), beta(p.beta, slice);
        const WideArray<int8_t> gamma2(kShortcut == 2 ? p.gamma2 : p.gamma, slice),
            beta2(kShortcut == 2 ? p.beta2 : p.beta, slice);
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              for_each_column<Lanes>(
                  block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
                    Register m[2], o[2], s[2];
                    part.load_halves(mult.data + column.first, &m[0], &m[1]);  // at most 2^14: the upper 16 bits are 0
                    part.load_halves(offset.data + column.first, &o[0], &o[1]);
                    part.load_halves(f_shift.data + column.first, &s[0], &s[1]);
                    const RoundEach32<Lanes> round[2] = {RoundEach32<Lanes>(s[0]), RoundEach32<Lanes>(s[1])};
                    // gamma and 256 beta, side by side as f and 1 will be.
                    const auto pairs = [&](Register g, Register b, Register * out) __attribute__((always_inline)) {
                      out[0] = Lanes::interleave_low(g, Lanes::byte_up(b));
                      out[1] = Lanes::interleave_high(g, Lanes::byte_up(b));
                    };
                    Register gb[2], gb2[2];
                    pairs(part.load_s8(gamma.data + column.first), part.load_s8(beta.data + column.first), gb);
                    if constexpr (kShortcut == 2)
                      pairs(Lanes::shift16_left(part.load_s8(gamma2.data + column.first), four),
                            part.load_s8(beta2.data + column.first), gb2);
                    int64_t at = column.at;
                    for (int r = 0; r < column.rows; ++r, at += column.stride) {
                      fetch(p.y + at, column.ahead);
                      if (p.x_hat != nullptr) fetch(p.x_hat + at, column.ahead);
                      fetch(p.dst + at, column.ahead);
                      const Register y = part.load16(p.y + at);
                      Register f = Lanes::pack(round[0](Lanes::dot(o[0], Lanes::interleave_low(y, y), m[0])),
                                               round[1](Lanes::dot(o[1], Lanes::interleave_high(y, y), m[1])));
                      f = Lanes::shift16_left(Lanes::max16(Lanes::min16(f, limit), least), left);
                      if (p.x_hat != nullptr) part.store_s8(p.x_hat + at, to_s8(f));
                      Register z[2] = {Lanes::dot(Lanes::interleave_low(f, ones), gb[0]),
                                       Lanes::dot(Lanes::interleave_high(f, ones), gb[1])};
                      if constexpr (kShortcut % 2 == 1) {
                        fetch(src + at, column.ahead);
                        const Register a =
                            kShortcut == 1 ? part.load_u8(src + at) : part.load_s8(reinterpret_cast<const int8_t*>(src + at));
                        z[0] = Lanes::dot(z[0], Lanes::interleave_low(a, a), src_scale);
                        z[1] = Lanes::dot(z[1], Lanes::interleave_high(a, a), src_scale);
                      }
                      if constexpr (kShortcut == 2) {
                        fetch(x_hat2 + at, column.ahead);
                        const Register x2 = part.load_s8(x_hat2 + at);
                        z[0] = Lanes::dot(z[0], Lanes::interleave_low(x2, ones), gb2[0]);
                        z[1] = Lanes::dot(z[1], Lanes::interleave_high(x2, ones), gb2[1]);
                      }
                      const Register a = Lanes::min16(Lanes::pack(to_dst(z[0]), to_dst(z[1])), top);
                      if constexpr (kSigned)
                        part.store_s8(reinterpret_cast<int8_t*>(p.dst + at), Lanes::max16(a, bottom));
                      else
                        part.store_u8(p.dst + at, a);
                    }
                  });
            });
      });
}

template <class Lanes, bool kSigned>
[[gnu::always_inline]] static inline void activate_to(const Activate& p) {
  if (p.src != nullptr && p.src_signed)
    activate_rows<Lanes, 3, kSigned>(p);
  else if (p.src != nullptr)
    activate_rows<Lanes, 1, kSigned>(p);
  else if (p.x_hat2 != nullptr)
    activate_rows<Lanes, 2, kSigned>(p);
  else
    activate_rows<Lanes, 0, kSigned>(p);
}
template <class Lanes>
[[gnu::always_inline]] static inline void activate_vector(const Activate& p) {
  if (p.bottom < 0)
    activate_to<Lanes, true>(p);
  else
    activate_to<Lanes, false>(p);
}

// A loop that the compiler vectorizes, exact in s64. What is below 0 ends as 0, so only values without a sign are shifted: from 40
// bits to the right on nothing is left of 2^32, and to the left all from 2^8 on is the same.
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

template <class Lanes>
[[gnu::always_inline]] static inline int32_t relu_backward_vector(const ReluBackward& p) {
  using Register = typename Lanes::Register;
  const Align16<Lanes> aligned(p.align);
  int16_t* e = p.e;
  const uint8_t* output = p.output;
  Register max = Lanes::zero();
  for_each_vector<Lanes>(
      p.count, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
        const Register v = Lanes::bit_and(aligned(part.load16(e + i)), part.load_pass(output + i, 0, p.top));
        part.store16(e + i, v);
        max = Lanes::max16(max, Lanes::abs16(v));
      });
  return largest<Lanes, int16_t>(max);
}

}  // namespace intrain::ops
