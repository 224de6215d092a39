// The vector form of error.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "base/rounding.h"
#include "ops/error/error.h"
#include "ops/random_bytes.h"

namespace intrain::ops {

// A shift by -15..62 of |v| < 2^30, as a left and a right shift of s32. From 31 on nothing is left: |v| / 2^31 < 1/2.
struct SignedShift {
  int left;
  Shift32 right;
  int32_t keep;  // 0: the result is 0
};
[[gnu::always_inline]] static inline SignedShift signed_shift(int s) {
  if (s > 30) return {0, make_shift32(0), 0};
  return {s < 0 ? -s : 0, make_shift32(s > 0 ? s : 0), -1};
}
[[gnu::always_inline]] static inline int32_t apply(int32_t v, const SignedShift& s) {
  return rshift_round32((v & s.keep) * (1 << s.left), s.right);
}

template <bool kAddend>
[[gnu::always_inline]] static inline int32_t error_stage_loop(const ErrorStage& p) {
  const int32_t* __restrict acc = p.acc;
  const SignedShift acc_shift = signed_shift(p.scale.acc_shift), addend_shift = signed_shift(p.scale.addend_shift);
  const int16_t* addend = p.addend;  // may be dst: element i is read before it is written
  int16_t* dst = p.dst;
  int32_t max = 0;
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
  for (int64_t i = 0; i < p.count; ++i) {
    int32_t v = apply(acc[i], acc_shift);
    if constexpr (kAddend) v += apply(addend[i], addend_shift);
    v = v < -kS16Max ? -kS16Max : v > kS16Max ? kS16Max : v;
    dst[i] = static_cast<int16_t>(v);
    const int32_t m = v < 0 ? -v : v;
    max = m > max ? m : max;
  }
  return max;
}

[[gnu::always_inline]] static inline int32_t error_stage_vector(const ErrorStage& p) {
  return p.addend != nullptr ? error_stage_loop<true>(p) : error_stage_loop<false>(p);
}

[[gnu::always_inline]] static inline int8_t saturate_s8(int32_t v) {
  return static_cast<int8_t>(v < -kS8Max ? -kS8Max : v > kS8Max ? kS8Max : v);
}

template <class Lanes, class Src>
[[gnu::always_inline]] static inline void error_quantize_loop(const Src* __restrict src, const ErrorQuantize& p) {
  const Shift32 shift = make_shift32(p.shift);
  int8_t* __restrict dst = p.dst;
  if (p.random == nullptr) {
    for (int64_t i = 0; i < p.count; ++i) dst[i] = saturate_s8(rshift_round32(src[i], shift));
    return;
  }
  alignas(64) uint8_t bytes[256];
  for (int64_t first = 0; first < p.count; first += 256) {
    random_group<Lanes>(*p.random, static_cast<uint32_t>(first / 256), bytes);
    const int count = p.count - first < 256 ? static_cast<int>(p.count - first) : 256;
    for (int i = 0; i < count; ++i) dst[first + i] = saturate_s8(rshift_stochastic8(src[first + i], p.shift, bytes[i]));
  }
}

[[gnu::always_inline]] static inline uint32_t max_abs_vector(const MaxAbs& p) {
  int32_t max = 0;
  for (int64_t i = 0; i < p.count; ++i) {
    const int32_t m = p.src[i] < 0 ? -p.src[i] : p.src[i];
    max = m > max ? m : max;
  }
  return static_cast<uint32_t>(max);
}

template <class Lanes>
[[gnu::always_inline]] static inline void error_quantize_vector(const ErrorQuantize& p) {
  if (p.src32 != nullptr)
    error_quantize_loop<Lanes>(p.src32, p);
  else
    error_quantize_loop<Lanes>(p.src16, p);
}

}  // namespace intrain::ops
