// The vector form of error.h over an ISA's vector, Lanes (lanes_<isa>.h).
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/error/error.h"
#include "ops/random_bytes.h"
#include "ops/split_error_vector.h"
#include "ops/vectors.h"

namespace intrain::ops {

// scale_pow2 by -shift, -15 <= shift: |acc| < 2^30, from 31 on nothing is left of it: 2^30 / 2^31 is 1/2 at most, a tie to 0.
template <class Lanes, bool kAddend>
[[gnu::always_inline]] static inline int32_t error_stage_loop(const ErrorStage& p) {
  using Register = typename Lanes::Register;
  const int shift = p.scale.acc_shift, addend_shift = kAddend ? p.scale.addend_shift : 0;
  const Round32<Lanes> round(make_shift32(shift < 0 ? 0 : shift < 31 ? shift : 31));
  const Round16<Lanes> round_addend(addend_shift > 0 ? addend_shift : 0);
  const typename Lanes::Count left = Lanes::count(shift < 0 ? -shift : 0),
                              addend_left = Lanes::count(addend_shift < 0 ? -addend_shift : 0);
  const Register least = Lanes::set16(-kS16Max);
  const int32_t* acc = p.acc;
  const int16_t* addend = p.addend;  // may be dst: element i is read before it is written
  int16_t* dst = p.dst;
  Register max = Lanes::zero();
  for_each_vector<Lanes>(
      p.count, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
        Register first, second;
        part.load32(acc + i, &first, &second);
        if (shift < 0) {
          first = Lanes::shift_left(first, left);
          second = Lanes::shift_left(second, left);
        } else {
          first = round(first);
          second = round(second);
        }
        // Beside an addend that is not zero both are within 2^14, so that only the sum of acc and 0 may saturate here.
        Register v = Lanes::pack_in_order(first, second);
        if constexpr (kAddend) {
          const Register a = part.load16(addend + i);
          v = Lanes::add16_saturated(v, addend_shift < 0 ? Lanes::shift16_left(a, addend_left) : round_addend(a));
        }
        v = Lanes::max16(v, least);
        part.store16(dst + i, v);
        max = Lanes::max16(max, Lanes::abs16(v));
      });
  return largest<Lanes, int16_t>(max);
}

// An addend shifted by 16 or more is 0: 32767 / 2^16 < 1/2.
template <class Lanes>
[[gnu::always_inline]] static inline int32_t error_stage_vector(const ErrorStage& p) {
  return p.addend != nullptr && p.scale.addend_shift < 16 ? error_stage_loop<Lanes, true>(p) : error_stage_loop<Lanes, false>(p);
}

template <class Lanes>
[[gnu::always_inline]] static inline uint32_t max_abs_vector(const MaxAbs& p) {
  using Register = typename Lanes::Register;
  Register max[2] = {Lanes::zero(), Lanes::zero()};
  for_each_vector<Lanes>(
      p.count, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
        Register v[2];
        part.load32(p.src + i, &v[0], &v[1]);
        for (int j = 0; j < 2; ++j) max[j] = Lanes::max(max[j], Lanes::abs(v[j]));
      });
  return static_cast<uint32_t>(largest<Lanes, int32_t>(Lanes::max(max[0], max[1])));
}

template <class Lanes, class Src>
[[gnu::always_inline]] static inline void error_quantize_loop(const Src* src, const ErrorQuantize& p) {
  using Register = typename Lanes::Register;
  if (p.plane.low != nullptr) {
    const QuantizePlanes<Lanes> planes(p.shift, p.random != nullptr, p.plane);
    alignas(64) uint8_t bytes[256] = {};
    for (int64_t first = 0; first < p.count; first += 256) {
      if (p.random != nullptr) random_group<Lanes>(*p.random, static_cast<uint32_t>(first / 256), bytes);
      for_each_vector<Lanes>(
          p.count - first < 256 ? p.count - first : 256, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
            Register low, high, upper, lower;
            part.load_halves(src + first + i, &low, &high);
            planes(low, high, part.load_u8(bytes + i), &upper, &lower);
            part.store_s8(p.dst + first + i, upper);
            part.store_s8(p.plane.low + first + i, lower);
          });
    }
    return;
  }
  if (p.random == nullptr) {
    const Round32<Lanes> round(make_shift32(p.shift));
    for_each_vector<Lanes>(
        p.count, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
          Register low, high;
          part.load_halves(src + i, &low, &high);
          part.store_s8(p.dst + i, Lanes::pack(round(low), round(high)));
        });
    return;
  }
  const Stochastic8<Lanes> stochastic(p.shift);
  const Register extra = Lanes::set(static_cast<uint32_t>(stochastic.extra));
  alignas(64) uint8_t bytes[256];
  for (int64_t first = 0; first < p.count; first += 256) {
    random_group<Lanes>(*p.random, static_cast<uint32_t>(first / 256), bytes);
    for_each_vector<Lanes>(
        p.count - first < 256 ? p.count - first : 256, [&](const auto& part, int64_t i) __attribute__((always_inline)) {
          Register low, high;
          part.load_halves(src + first + i, &low, &high);
          part.store_s8(p.dst + first + i, stochastic(Lanes::add(low, extra), Lanes::add(high, extra), part.load_u8(bytes + i)));
        });
  }
}

template <class Lanes>
[[gnu::always_inline]] static inline void error_quantize_vector(const ErrorQuantize& p) {
  if (p.src32 != nullptr)
    error_quantize_loop<Lanes>(p.src32, p);
  else
    error_quantize_loop<Lanes>(p.src16, p);
}

}  // namespace intrain::ops
