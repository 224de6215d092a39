// Element-wise kernels written once over an ISA's vector, Lanes (lanes_<isa>.h): runs of any length, and rounding.
//
// Included by the kernel files of each ISA: everything here is static and inlined.
#pragma once

#include <cstdint>

#include "base/rounding.h"

namespace intrain::ops {

// Loads and stores of the vector's 16-bit lanes, all of them or the first `count`; the others load as 0.
template <class Lanes, bool kWhole>
struct Part {
  using Register = typename Lanes::Register;
  static constexpr int kCount = 2 * Lanes::kLanes;
  int count;

  template <class T>
  struct Held {
    alignas(64) T data[kCount] = {};
    [[gnu::always_inline]] inline Held() {}
    [[gnu::always_inline]] inline Held(const T* p, int n) { __builtin_memcpy(data, p, static_cast<uint64_t>(n) * sizeof(T)); }
    [[gnu::always_inline]] inline void copy(T* p, int n) const {
      __builtin_memcpy(p, data, static_cast<uint64_t>(n) * sizeof(T));
    }
  };
  [[gnu::always_inline]] inline Register load16(const int16_t* p) const {
    if constexpr (kWhole) return Lanes::load(p);
    return Lanes::load(Held<int16_t>(p, count).data);
  }
  [[gnu::always_inline]] inline Register load_s8(const int8_t* p) const {
    if constexpr (kWhole) return Lanes::load_s8(p);
    return Lanes::load_s8(Held<int8_t>(p, count).data);
  }
  [[gnu::always_inline]] inline Register load_u8(const uint8_t* p) const {
    if constexpr (kWhole) return Lanes::load_u8(p);
    return Lanes::load_u8(Held<uint8_t>(p, count).data);
  }
  [[gnu::always_inline]] inline Register load_pass(const uint8_t* p, int bottom, int top) const {
    if constexpr (kWhole) return Lanes::load_pass(p, bottom, top);
    return Lanes::load_pass(Held<uint8_t>(p, count).data, bottom, top);
  }
  // 32 bits in the order of memory: two registers.
  [[gnu::always_inline]] inline void load32(const int32_t* p, Register* first, Register* second) const {
    if constexpr (kWhole) {
      *first = Lanes::load(p);
      *second = Lanes::load(p + Lanes::kLanes);
    } else {
      const Held<int32_t> held(p, count);
      *first = Lanes::load(held.data);
      *second = Lanes::load(held.data + Lanes::kLanes);
    }
  }
  // In the order of the 16-bit lanes.
  [[gnu::always_inline]] inline void load_halves(const int32_t* p, Register* low, Register* high) const {
    Register first, second;
    load32(p, &first, &second);
    *low = Lanes::low_of(first, second);
    *high = Lanes::high_of(first, second);
  }
  [[gnu::always_inline]] inline void load_halves(const int16_t* p, Register* low, Register* high) const {
    const Register v = load16(p);
    const auto down = Lanes::count(16);
    *low = Lanes::shift_right(Lanes::interleave_low(v, v), down);
    *high = Lanes::shift_right(Lanes::interleave_high(v, v), down);
  }
  [[gnu::always_inline]] inline void store16(int16_t* p, Register v) const {
    if constexpr (kWhole) {
      Lanes::store(p, v);
    } else {
      Held<int16_t> held;
      Lanes::store(held.data, v);
      held.copy(p, count);
    }
  }
  // From the order of memory.
  [[gnu::always_inline]] inline void store32(int32_t* p, Register first, Register second) const {
    if constexpr (kWhole) {
      Lanes::store(p, first);
      Lanes::store(p + Lanes::kLanes, second);
    } else {
      Held<int32_t> held;
      Lanes::store(held.data, first);
      Lanes::store(held.data + Lanes::kLanes, second);
      held.copy(p, count);
    }
  }
  [[gnu::always_inline]] inline void store_s8(int8_t* p, Register v) const {
    if constexpr (kWhole) {
      Lanes::store_s8(p, v);
    } else {
      Held<int8_t> held;
      Lanes::store_s8(held.data, v);
      held.copy(p, count);
    }
  }
  [[gnu::always_inline]] inline void store_u8(uint8_t* p, Register v) const {
    if constexpr (kWhole) {
      Lanes::store_u8(p, v);
    } else {
      Held<uint8_t> held;
      Lanes::store_u8(held.data, v);
      held.copy(p, count);
    }
  }
};

// Asks for the cache line `ahead` values beyond p, which will be read or written soon: where a walk goes in strides that no hardware foresees.
// Nothing is read yet, and the line may lie beyond the tensor. ARM's vectors would ask for a line four times, and were not measured.
template <class T>
[[gnu::always_inline]] static inline void fetch([[maybe_unused]] const T* p, [[maybe_unused]] int64_t ahead) {
#if defined(__x86_64__)
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(ahead) * sizeof(T)), 0,
                     2);
#endif
}

// Calls body(part, first) for vectors of 2 kLanes of `count` values, the last one a part.
template <class Lanes, class Body>
[[gnu::always_inline]] static inline void for_each_vector(int64_t count, const Body& body) {
  constexpr int kCount = 2 * Lanes::kLanes;
  int64_t i = 0;
  for (; i + kCount <= count; i += kCount) body(Part<Lanes, true>{kCount}, i);
  if (i < count) body(Part<Lanes, false>{static_cast<int>(count - i)}, i);
}
// Lane by lane, the largest of non-negative values: T int32_t or int16_t.
template <class Lanes, class T>
[[gnu::always_inline]] static inline int32_t largest(typename Lanes::Register v) {
  constexpr int kCount = Lanes::kLanes * 4 / static_cast<int>(sizeof(T));
  alignas(64) T lane[kCount];
  Lanes::store(lane, v);
  int32_t max = 0;
  for (int i = 0; i < kCount; ++i) max = lane[i] > max ? lane[i] : max;
  return max;
}

// round(v / 2^s), ties to even, of 16 bits: with q = v >> s and 0 <= rest < 2^s, q + ((rest + 2^(s-1) - 1 + (q & 1)) >> s); the sum is below
// 2^16. 0 <= s <= 15.
template <class Lanes>
struct Round16 {
  using Register = typename Lanes::Register;
  typename Lanes::Count s;
  Register rest, bias, odd;
  [[gnu::always_inline]] inline explicit Round16(int shift)
      : s(Lanes::count(shift)),
        rest(Lanes::set16((1 << shift) - 1)),
        bias(Lanes::set16(make_shift32(shift).bias)),
        odd(Lanes::set16(make_shift32(shift).odd)) {}
  [[gnu::always_inline]] inline Register operator()(Register v) const {
    const Register q = Lanes::shift16_right(v, s);
    const Register up = Lanes::add16(Lanes::add16(Lanes::bit_and(v, rest), bias), Lanes::bit_and(q, odd));
    return Lanes::add16(q, Lanes::shift16_right_logical(up, s));
  }
};

// rshift_round32 of every lane.
template <class Lanes>
struct Round32 {
  using Register = typename Lanes::Register;
  typename Lanes::Count s;
  Register bias, odd;
  [[gnu::always_inline]] inline explicit Round32(const Shift32& shift)
      : s(Lanes::count(shift.s)),
        bias(Lanes::set(static_cast<uint32_t>(shift.bias))),
        odd(Lanes::set(static_cast<uint32_t>(shift.odd))) {}
  [[gnu::always_inline]] inline Register operator()(Register v) const {
    const Register up = Lanes::bit_and(Lanes::shift_right(v, s), odd);
    return Lanes::shift_right(Lanes::add(Lanes::add(v, bias), up), s);
  }
};

// The same with a shift of each lane's own, 0 to 31.
template <class Lanes>
struct RoundEach32 {
  using Register = typename Lanes::Register;
  Register shift, bias, odd;  // 2^(shift - 1) - 1 and 1, or 0 and 0 for 0
  [[gnu::always_inline]] inline explicit RoundEach32(Register shift_) : shift(shift_) {
    const Register one = Lanes::set(1), minus_one = Lanes::set(0xFFFFFFFF);
    odd = Lanes::min(shift, one);
    bias = Lanes::add(Lanes::shift_left_each(odd, Lanes::max(Lanes::add(shift, minus_one), Lanes::zero())),
                      Lanes::subtract(Lanes::zero(), odd));
  }
  [[gnu::always_inline]] inline Register operator()(Register v) const {
    const Register up = Lanes::bit_and(Lanes::shift_right_each(v, shift), odd);
    return Lanes::shift_right_each(Lanes::add(Lanes::add(v, bias), up), shift);
  }
};

// clamp(scale_pow2(v, -align), +-32767) of 16 bits, align >= -15. A shift beyond 15 leaves nothing: 32767 / 2^16 < 1/2.
template <class Lanes>
struct Align16 {
  using Register = typename Lanes::Register;
  int align;
  Round16<Lanes> round;
  Register keep, least;
  typename Lanes::Count from_top;
  [[gnu::always_inline]] inline explicit Align16(int align_)
      : align(align_),
        round(align_ > 15  ? 15
              : align_ > 0 ? align_
                           : 0),
        keep(Lanes::set(align_ > 15 ? 0 : 0xFFFFFFFF)),
        least(Lanes::set16(-32767)),
        from_top(Lanes::count(align_ < 0 ? 16 + align_ : 16)) {}
  [[gnu::always_inline]] inline Register operator()(Register v) const {
    if (align > 0) v = Lanes::bit_and(round(v), keep);
    if (align < 0)
      v = Lanes::pack(Lanes::shift_right(Lanes::interleave_low(Lanes::zero(), v), from_top),
                      Lanes::shift_right(Lanes::interleave_high(Lanes::zero(), v), from_top));
    return Lanes::max16(v, least);
  }
};

}  // namespace intrain::ops
