// The two planes of ops/split_error.h over an ISA's vector, Lanes (lanes_<isa>.h).
//
// Included by the kernel files of each ISA: everything here is static and inlined.
#pragma once

#include "base/rounding.h"
#include "ops/split_error.h"
#include "ops/vectors.h"

namespace intrain::ops {

// v / 2^s in 32 bits, to nearest or rshift_stochastic8. 0 <= s <= 29.
template <class Lanes>
struct RoundError {
  using Register = typename Lanes::Register;
  bool random;
  Round32<Lanes> nearest;
  typename Lanes::Count left, right, last;
  [[gnu::always_inline]] inline RoundError(int s, bool random_)
      : random(random_),
        nearest(make_shift32(s)),
        left(Lanes::count(s > 9 ? s - 9 : 0)),
        right(Lanes::count(s < 9 ? 9 - s : 0)),
        last(Lanes::count(s)) {}
  // odd: 2 r + 1 of the random byte r.
  [[gnu::always_inline]] inline Register operator()(Register v, Register odd) const {
    if (!random) return nearest(v);
    return Lanes::shift_right(Lanes::add(v, Lanes::shift_right(Lanes::shift_left(odd, left), right)), last);
  }
};

template <class Lanes>
struct QuantizePlanes {
  using Register = typename Lanes::Register;
  bool flag;
  int up;  // of the lower range, where it is exact
  RoundError<Lanes> round, round_low;
  typename Lanes::Count shift, left, one, byte, most;
  Register limit, least;
  [[gnu::always_inline]] inline QuantizePlanes(int shift_, bool random, const ErrorPlane& plane)
      : flag(plane.flag),
        up(shift_ < 7 ? 7 - shift_ : 0),
        round(shift_, random),
        round_low(shift_ < 7 ? 0 : shift_ - 7, random),
        shift(Lanes::count(shift_)),
        left(Lanes::count(shift_ < 7 ? 7 - shift_ : 0)),
        one(Lanes::count(1)),
        byte(Lanes::count(8)),
        most(Lanes::count(31)),
        limit(Lanes::set(static_cast<uint32_t>(plane.limit))),
        least(Lanes::set(static_cast<uint32_t>(-plane.limit))) {}

  // Of a vector's values in halves, r the random bytes in 16 bits each: both planes in 16 bits.
  [[gnu::always_inline]] inline void operator()(Register low, Register high, Register r, Register* upper, Register* lower) const {
    Register up_half[2], low_half[2];
    const Register v[2] = {low, high}, ones = Lanes::set(1);
    const Register bytes[2] = {Lanes::interleave_low(r, Lanes::zero()), Lanes::interleave_high(r, Lanes::zero())};
    for (int h = 0; h < 2; ++h) {
      const Register odd = Lanes::add(Lanes::shift_left(bytes[h], one), ones), q = round(v[h], odd);
      if (flag) {
        // All ones where |v| >= 2^shift.
        const Register large =
            Lanes::shift_right(Lanes::subtract(Lanes::zero(), Lanes::shift_right(Lanes::abs(v[h]), shift)), most);
        const Register small = up > 0 ? Lanes::shift_left(v[h], left) : round_low(v[h], odd);
        up_half[h] = Lanes::bit_and(q, large);
        low_half[h] = Lanes::bit_and(small, Lanes::exclusive_or(large, Lanes::set(0xFFFFFFFF)));
      } else {
        const Register clamped = Lanes::min(Lanes::max(q, least), limit);
        up_half[h] = Lanes::shift_right(Lanes::add(clamped, Lanes::set(127)), byte);
        low_half[h] = Lanes::min(Lanes::subtract(clamped, Lanes::shift_left(up_half[h], byte)), Lanes::set(127));
      }
    }
    *upper = Lanes::pack(up_half[0], up_half[1]);
    *lower = Lanes::pack(low_half[0], low_half[1]);
  }
};

}  // namespace intrain::ops
