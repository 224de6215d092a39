// The vector form of activate.h over an ISA's vector, Lanes (lanes_<isa>.h).
#pragma once

#include "base/formats.h"
#include "ops/activate/activate.h"
#include "ops/row_blocks.h"

namespace intrain::ops {

// z in saturated s16, which the header allows; so does its rounding, (z + 2^(shift-1) - 1 + odd) >> shift, because what saturates
// ends beyond top. Shortcut: 0 none, 1 an activation, 2 a second normalized value, 3 an activation of s8.
template <class Lanes, int kShortcut, bool kSigned>
[[gnu::always_inline]] static inline void activate_rows(const Activate& p) {
  using Register = typename Lanes::Register;
  constexpr int kBetaShift = kGammaExp - kScaledExp;
  const int8_t *x_hat = p.x_hat, *x_hat2 = p.x_hat2;
  const uint8_t* src = p.src;
  uint8_t* dst = p.dst;
  const Shift32 rounding = make_shift32(p.shift);
  const typename Lanes::Count shift = Lanes::count(p.shift), src_shift = Lanes::count(kShortcut % 2 == 1 ? p.src_shift : 0),
                              beta_shift = Lanes::count(kBetaShift);
  const Register bias = Lanes::set16(rounding.bias), odd = Lanes::set16(rounding.odd), top = Lanes::set16(p.top),
                 bottom = Lanes::set16(p.bottom);
  for_each_slice(
      p.rows, p.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int8_t> gamma(p.gamma, slice), beta(p.beta, slice);
        const WideArray<int8_t> gamma2(kShortcut == 2 ? p.gamma2 : p.gamma, slice),
            beta2(kShortcut == 2 ? p.beta2 : p.beta, slice);
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              for_each_column<Lanes>(
                  block, [&](const auto& part, const Column& column) __attribute__((always_inline)) {
                    const Register g = part.load_s8(gamma.data + column.first),
                                   b = Lanes::shift16_left(part.load_s8(beta.data + column.first), beta_shift),
                                   g2 = part.load_s8(gamma2.data + column.first),
                                   b2 = Lanes::shift16_left(part.load_s8(beta2.data + column.first), beta_shift);
                    int64_t at = column.at;
                    for (int r = 0; r < column.rows; ++r, at += column.stride) {
                      Register z = Lanes::add16(Lanes::multiply16(part.load_s8(x_hat + at), g), b);
                      if constexpr (kShortcut == 1)
                        z = Lanes::add16_saturated(z, Lanes::shift16_left(part.load_u8(src + at), src_shift));
                      if constexpr (kShortcut == 3)
                        z = Lanes::add16_saturated(
                            z, Lanes::shift16_left(part.load_s8(reinterpret_cast<const int8_t*>(src + at)), src_shift));
                      if constexpr (kShortcut == 2)
                        z = Lanes::add16_saturated(z, Lanes::add16(Lanes::multiply16(part.load_s8(x_hat2 + at), g2), b2));
                      const Register up = Lanes::add16(bias, Lanes::bit_and(Lanes::shift16_right(z, shift), odd));
                      const Register a = Lanes::min16(Lanes::shift16_right(Lanes::add16_saturated(z, up), shift), top);
                      if constexpr (kSigned)
                        part.store_s8(reinterpret_cast<int8_t*>(dst + at), Lanes::max16(a, bottom));
                      else
                        part.store_u8(dst + at, a);
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
