// The vector form of batch_norm_backward_add.
#pragma once

#include "ops/batch_norm/vector_backward.h"

namespace intrain::ops {

// |v| < 2^30 + 2^27, and a rounding term of 2^(shift - 1) more fits s32 to a shift of 30. From 31 on v is halved first, its lost bit kept
// as the last one: that changes neither a tie nor the side of one. 2^31 / 2^32 is 1/2 at most, a tie to 0, and so is all beyond.
template <class Lanes, bool kAddend>
[[gnu::always_inline]] static inline int32_t backward_add_rows(const NormBackwardAdd& p) {
  using Register = typename Lanes::Register;
  const int shift = p.v_shift, addend_shift = kAddend ? p.addend_shift : 0;
  const bool halved = shift > 30;
  const Round32<Lanes> round(make_shift32(shift < 0 ? 0 : !halved ? shift : shift < 32 ? shift - 1 : 31));
  const Round16<Lanes> round_addend(addend_shift > 0 ? addend_shift : 0);
  const typename Lanes::Count left = Lanes::count(shift < 0 ? -shift : 0), one_down = Lanes::count(1),
                              addend_left = Lanes::count(addend_shift < 0 ? -addend_shift : 0);
  const Register least = Lanes::set16(-kS16Max), one = Lanes::set(1);
  const NormBackward& norm = p.norm;
  const int16_t* addend = p.addend;  // may be dst: element i is read before it is written
  int16_t* dst = p.dst;
  Register max = Lanes::zero();
  const auto scaled = [&](Register v) __attribute__((always_inline)) {
    if (shift < 0) return Lanes::shift_left(v, left);
    if (halved) v = Lanes::bit_or(Lanes::shift_right(v, one_down), Lanes::bit_and(v, one));
    return round(v);
  };
  for_each_slice(
      norm.rows, norm.channels, kWidestSlice, [&](const RowSlice& slice) __attribute__((always_inline)) {
        const WideArray<int32_t> k(norm.k, slice), b(norm.b, slice), a(norm.a, slice);
        for_each_block(
            slice, rows_in_cache(slice), [&](const RowBlock& block) __attribute__((always_inline)) {
              backward_values<Lanes>(
                  norm, block, k.data, b.data, a.data,
                  0, [&](const auto& part, int64_t, int64_t at, Register low, Register high) __attribute__((always_inline)) {
                    // As in error_stage: only the sum of v and 0 may saturate here.
                    Register e = Lanes::pack(scaled(low), scaled(high));
                    if constexpr (kAddend) {
                      const Register more = part.load16(addend + at);
                      e = Lanes::add16_saturated(e,
                                                 addend_shift < 0 ? Lanes::shift16_left(more, addend_left) : round_addend(more));
                    }
                    e = Lanes::max16(e, least);
                    part.store16(dst + at, e);
                    max = Lanes::max16(max, Lanes::abs16(e));
                  });
            });
      });
  return largest<Lanes, int16_t>(max);
}

// An addend shifted by 16 or more is 0: 32767 / 2^16 < 1/2.
template <class Lanes>
[[gnu::always_inline]] static inline int32_t batch_norm_backward_add_vector(const NormBackwardAdd& p) {
  return p.addend != nullptr && p.addend_shift < 16 ? backward_add_rows<Lanes, true>(p) : backward_add_rows<Lanes, false>(p);
}

}  // namespace intrain::ops
