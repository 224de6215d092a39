// The vector form of wageubn.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/random.h"
#include "base/rounding.h"
#include "ops/random_bytes.h"
#include "ops/sgd_momentum/vector.h"
#include "ops/sgd_momentum/wageubn.h"

namespace intrain::ops {

// scale_pow2 of |v| <= 2^62 by a shift that leaves it there. Moved by 2^63, so that shifts to the right need no sign: the sum with its
// rounding term is below 2^63 + 2^62 + 2^61. From 63 to the right on nothing is left.
struct Scale64 {
  int right, left;
  uint64_t half, odd, back, keep;
};
[[gnu::always_inline]] static inline Scale64 scale64(int shift) {
  const int right = shift >= 0 ? 0 : shift < -62 ? 62 : -shift;
  const uint64_t one = 1;
  return {right,
          shift > 0 ? shift : 0,
          right > 0 ? (one << (right - 1)) - 1 : 0,
          right > 0 ? one : 0,
          (one << 63) >> right,
          shift < -62 ? 0 : ~uint64_t{0}};
}
[[gnu::always_inline]] static inline uint64_t apply(int64_t v, const Scale64& s) {
  const uint64_t moved = static_cast<uint64_t>(v) + (uint64_t{1} << 63);
  return ((((moved + s.half + ((moved >> s.right) & s.odd)) >> s.right) - s.back) << s.left) & s.keep;
}

// v of g and W.
struct WageubnSum {
  Scale64 grad_scale, decay_scale;
  int32_t decay;
};
[[gnu::always_inline]] static inline WageubnSum wageubn_sum(const WageubnPass& p) {
  const Scalar10& decay = p.step.decay;
  // A mantissa of 0 sets no bound to its shift, and needs none.
  return {scale64(p.tensor.grad_exp - p.exp), scale64(decay.mantissa == 0 ? 0 : kMasterExp + decay.exp - p.exp), decay.mantissa};
}
[[gnu::always_inline]] static inline int64_t apply(int64_t g, int32_t w, const WageubnSum& s) {
  return static_cast<int64_t>(apply(g, s.grad_scale) + apply(int64_t{s.decay} * w, s.decay_scale));
}

template <class Gradient>
[[gnu::always_inline]] static inline uint64_t sgd_wageubn_max_of(const WageubnPass& p, const Gradient* __restrict g) {
  const WageubnSum sum = wageubn_sum(p);
  const int32_t* __restrict w = p.tensor.master;
  int64_t max = 0;
  for (int64_t i = p.begin; i < p.end; ++i) {
    const int64_t v = apply(g[i], w[i], sum);
    max = larger(max, v);
  }
  return static_cast<uint64_t>(max);
}
[[gnu::always_inline]] static inline uint64_t sgd_wageubn_max_vector(const WageubnPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) { return sgd_wageubn_max_of(p, g); });
}

template <class Lanes, class Gradient>
[[gnu::always_inline]] static inline uint32_t sgd_wageubn_update_of(const WageubnPass& p, const Gradient* gradient) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream stream{s.seed, RandomUse::kGradient, t.tensor, s.step};
  const WageubnSum sum = wageubn_sum(p);
  const int shift = p.range - s.range_log2, left = shift < 0 ? -shift : 0;
  const StochasticShift right = stochastic_shift(shift > 0 ? shift : 0);
  const int sum_bits = s.momentum_bits + kWageubnMomentumLog2;
  const int32_t n_most = (int32_t{1} << s.range_log2) - 1, m_most = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  const int32_t u_most = static_cast<int32_t>(quantize_limit(sum_bits)), w_most = wageubn_most(p.weight, s.coarse);
  const int32_t mom = s.mom.mantissa, step = s.rate.mantissa * (int32_t{1} << (-kMasterExp - (sum_bits - 1) + s.rate.exp));
  const Shift32 quarter = make_shift32(kWageubnMomentumLog2);
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) int32_t n[kSgdBlock];
        const Gradient* __restrict g = gradient + at;
        int16_t* __restrict m = t.momentum + at;
        int32_t* __restrict w = t.master + at;
        if (p.weight) {
          alignas(64) uint32_t bits[kSgdBlock];
          random_words<Lanes>(stream, at, kSgdBlock, bits);
          // |v| < 2^(range + 1), so n is below 2^(range_log2 + 1) before it is clipped.
          for (int i = 0; i < count; ++i)
            n[i] = clamp32(apply(static_cast<int64_t>(static_cast<uint64_t>(apply(g[i], w[i], sum)) << left), bits[i], right),
                           -n_most, n_most);
        } else {  // gamma, beta and biases are short
          for (int i = 0; i < count; ++i) n[i] = static_cast<int32_t>(quantize_direct(apply(g[i], w[i], sum), -p.exp, sum_bits));
        }
        for (int i = 0; i < count; ++i) {
          const int32_t u = clamp32(mom * m[i] + n[i], -u_most, u_most);
          m[i] = static_cast<int16_t>(clamp32(rshift_round32(u, quarter), -m_most, m_most));
          w[i] = clamp32(w[i] - step * u, -w_most, w_most);
          max = larger(max, w[i]);
        }
      });
  return static_cast<uint32_t>(max);
}
template <class Lanes>
[[gnu::always_inline]] static inline uint32_t sgd_wageubn_update_vector(const WageubnPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) { return sgd_wageubn_update_of<Lanes>(p, g); });
}

}  // namespace intrain::ops
