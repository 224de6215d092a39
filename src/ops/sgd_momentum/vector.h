// The vector form of sgd_momentum.h: loops that the compiler vectorizes for the ISA of the file that includes this.
#pragma once

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/random_bytes.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain::ops {

constexpr int kSgdBlock = 256;  // elements whose random words are made at once

// rshift_stochastic by s of what ends within s32, without the 64-bit arithmetic shift that AVX2 lacks: of the sum's low and high 32
// bits only one is needed. 0 <= s <= 62.
struct StochasticShift {
  int random_right, random_left;
  int low, high;
};
[[gnu::always_inline]] static inline StochasticShift stochastic_shift(int s) {
  return s <= 32 ? StochasticShift{32 - s, 0, s, 0} : StochasticShift{0, s - 32, 32, s - 32};
}
[[gnu::always_inline]] static inline int32_t apply(int64_t v, uint32_t r, const StochasticShift& s) {
  const uint64_t sum = static_cast<uint64_t>(v) + (uint64_t{r} >> s.random_right << s.random_left);
  return static_cast<int32_t>(static_cast<uint32_t>(sum >> s.low)) >> s.high;
}
// The same of |v| <= 2^30 and s <= 30: their sum is below 2^31.
[[gnu::always_inline]] static inline int32_t apply(int32_t v, uint32_t r, const StochasticShift& s) {
  return (v + static_cast<int32_t>(r >> 1 >> (s.random_right - 1))) >> s.low;
}

// scale_pow2 of |v| < 2^bits, bits <= 25, by a shift that leaves it below 2^62: in 32 bits to the right, in 64 to the left. From
// bits + 2 on nothing is left: 2^bits / 2^(bits + 2) < 1/2.
struct Scale32 {
  Shift32 right;
  int left;
};
[[gnu::always_inline]] static inline Scale32 scale32(int shift, int bits) {
  const int right = -shift > bits + 2 ? bits + 2 : -shift;
  return {make_shift32(right > 0 ? right : 0), shift > 0 ? shift : 0};
}
[[gnu::always_inline]] static inline uint64_t apply(int32_t v, const Scale32& s) {
  return static_cast<uint64_t>(int64_t{rshift_round32(v, s.right)}) << s.left;
}

[[gnu::always_inline]] static inline int32_t clamp32(int32_t v, int32_t lo, int32_t hi) { return v < lo ? lo : v > hi ? hi : v; }

// Calls body(first element, their number) for the blocks of the pass.
template <class Pass, class Body>
[[gnu::always_inline]] static inline void for_each_sgd_block(const Pass& p, const Body& body) {
  for (int64_t at = p.begin; at < p.end; at += kSgdBlock)
    body(at, p.end - at < kSgdBlock ? static_cast<int>(p.end - at) : kSgdBlock);
}

// max and |v|, of any s32 or s64 but the least.
template <class T>
[[gnu::always_inline]] static inline T larger(T max, T v) {
  const T a = v < 0 ? -v : v;
  return a > max ? a : max;
}

template <class T>
[[gnu::always_inline]] static inline uint64_t sgd_grad_max_of(const T* __restrict g, int64_t begin, int64_t end) {
  T max = 0;
  for (int64_t i = begin; i < end; ++i) max = larger(max, g[i]);
  return static_cast<uint64_t>(max);
}
[[gnu::always_inline]] static inline uint64_t sgd_grad_max_vector(const SgdGradients& p) {
  return p.grad.visit([&](auto* g) __attribute__((always_inline)) { return sgd_grad_max_of(g, p.begin, p.end); });
}

// decay W at E. |decay W| < 2^41; their scale is 41 below the top or less, a shift to the right by 1 or more, and from 43 on nothing is left.
// Moved by 2^62, so that shifts need no sign, of which W's own move by 2^31 is a part. A mantissa of 0 sets no bound to its shift, and needs none.
struct SgdDecay {
  uint32_t decay;
  int right;
  uint64_t moved, half, back;
};
[[gnu::always_inline]] static inline SgdDecay sgd_decay(const SgdPass& p) {
  const Scalar10& decay = p.step.decay;
  const int shift = decay.mantissa == 0 ? 1 : p.scale.exp - kMasterExp - decay.exp;
  const int right = shift > 43 ? 43 : shift;
  const uint64_t move = uint64_t{1} << 62;
  return {static_cast<uint32_t>(decay.mantissa), right, move - (static_cast<uint64_t>(decay.mantissa) << 31),
          (uint64_t{1} << (right - 1)) - 1, move >> right};
}
[[gnu::always_inline]] static inline uint64_t apply(int32_t w, const SgdDecay& s) {
  const uint64_t product = s.moved + uint64_t{static_cast<uint32_t>(w) ^ 1u << 31} * s.decay;
  return ((product + s.half + ((product >> s.right) & 1)) >> s.right) - s.back;
}

// How far G and mom m go to E: to the left. A momentum of 0 goes as G.
struct SgdShifts {
  int grad, mom;
};
[[gnu::always_inline]] static inline SgdShifts sgd_shifts(const SgdPass& p) {
  const int grad = p.tensor.grad_exp + p.scale.grad_shift - p.scale.exp;
  return {grad, p.step.mom.mantissa == 0 ? grad : p.tensor.momentum_exp + p.step.mom.exp - p.scale.exp};
}
[[gnu::always_inline]] static inline Scale32 sgd_mom_scale(const SgdPass& p) {
  return scale32(p.step.mom.mantissa == 0 ? 0 : sgd_shifts(p).mom, 25);
}

// v of G, m and W.
struct SgdSum {
  int32_t mom;
  Scale32 grad_scale, mom_scale;
  SgdDecay decay;
};
[[gnu::always_inline]] static inline int64_t apply(int32_t g, int32_t m, int32_t w, const SgdSum& s) {
  return static_cast<int64_t>(apply(s.mom * m, s.mom_scale) + apply(g, s.grad_scale) + apply(w, s.decay));
}
// The same where both terms go 11 or further to the left, as once training is on its way they do: they are within 2^40 there, so their sum, all but
// the least of the two shifts, is within 2^30.
struct SgdNearSum {
  int32_t mom, grad_up, mom_up;
  int left;
  SgdDecay decay;
};
constexpr int kSgdNear = 11;
[[gnu::always_inline]] static inline int64_t apply(int32_t g, int32_t m, int32_t w, const SgdNearSum& s) {
  const int32_t near = s.mom * m * s.mom_up + g * s.grad_up;
  return static_cast<int64_t>((static_cast<uint64_t>(int64_t{near}) << s.left) + apply(w, s.decay));
}
// Calls f with the one that the pass takes.
template <class F>
[[gnu::always_inline]] static inline auto with_sgd_sum(const SgdPass& p, const F& f) {
  const SgdShifts to = sgd_shifts(p);
  const int least = to.mom < to.grad ? to.mom : to.grad;
  if (least >= kSgdNear)
    return f(SgdNearSum{p.step.mom.mantissa, 1 << (to.grad - least), 1 << (to.mom - least), least, sgd_decay(p)});
  return f(SgdSum{p.step.mom.mantissa, scale32(to.grad, 15), sgd_mom_scale(p), sgd_decay(p)});
}

// G of a block.
template <class Lanes, class Gradient>
[[gnu::always_inline]] static inline void round_gradients(const SgdPass& p, const Gradient* __restrict g, int64_t at, int count,
                                                          int16_t* __restrict rounded) {
  const int bits = p.tensor.grad_bits, t = p.scale.grad_shift;
  if (p.step.nearest_grad) {
    for (int i = 0; i < count; ++i) rounded[i] = static_cast<int16_t>(quantize(g[i], t, bits));
    return;
  }
  alignas(64) uint32_t words[kSgdBlock];
  random_words<Lanes>({p.step.seed, RandomUse::kGradient, p.tensor.tensor, p.step.step}, at, kSgdBlock, words);
  // Of s32 t <= bit_length(2^30) - (grad_bits - 1) <= 30.
  const StochasticShift shift = stochastic_shift(t);
  const int32_t limit = static_cast<int32_t>(quantize_limit(bits));
  for (int i = 0; i < count; ++i) rounded[i] = static_cast<int16_t>(clamp32(apply(g[i], words[i], shift), -limit, limit));
}

// floor(g / 2^t) that fits s32.
[[gnu::always_inline]] static inline int32_t floor_shift(int64_t g, int t) { return apply(g, uint32_t{0}, stochastic_shift(t)); }
[[gnu::always_inline]] static inline int32_t floor_shift(int32_t g, int t) { return g >> t; }

template <class Gradient>
[[gnu::always_inline]] static inline uint32_t sgd_rough_of(const SgdPass& p, const Gradient* gradient) {
  const SgdTensor& t = p.tensor;
  const SgdRough scale = sgd_rough_scale(p);
  const int shift = p.scale.grad_shift;
  const auto max_of = [&](int64_t at, int64_t count, const int16_t* __restrict m) __attribute__((always_inline)) {
    const Gradient* __restrict g = gradient + at;
    const int32_t* __restrict w = t.master + at;
    int32_t max = 0;
    for (int64_t i = 0; i < count; ++i) max = larger(max, sgd_rough_sum(scale, floor_shift(g[i], shift), m[i], w[i]));
    return max;
  };
  if (t.momentum != nullptr) return static_cast<uint32_t>(max_of(p.begin, p.end - p.begin, t.momentum + p.begin));
  alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) { max = larger(max, max_of(at, count, none)); });
  return static_cast<uint32_t>(max);
}
[[gnu::always_inline]] static inline uint32_t sgd_rough_vector(const SgdPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) { return sgd_rough_of(p, g); });
}

template <class Lanes, class Gradient, class Sum>
[[gnu::always_inline]] static inline uint64_t sgd_max_of(const SgdPass& p, const Gradient* gradient, const Sum& sum) {
  const SgdTensor& t = p.tensor;
  alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept
  int64_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) int16_t g[kSgdBlock];
        round_gradients<Lanes>(p, gradient + at, at, count, g);
        const int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        const int32_t* __restrict w = t.master + at;
        for (int i = 0; i < count; ++i) max = larger(max, apply(g[i], m[i], w[i], sum));
      });
  return static_cast<uint64_t>(max);
}
template <class Lanes>
[[gnu::always_inline]] static inline uint64_t sgd_max_vector(const SgdPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) {
    return with_sgd_sum(
        p, [&](const auto& sum) __attribute__((always_inline)) { return sgd_max_of<Lanes>(p, g, sum); });
  });
}

// sgd_update of a step with Nesterov's momentum.
template <class Lanes, class Gradient, class Sum>
[[gnu::always_inline]] static inline uint32_t sgd_nesterov_of(const SgdPass& p, const Gradient* gradient, const Sum& sum) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream momentum_stream{s.seed, RandomUse::kMomentum, t.tensor, s.step};
  const RandomStream update_stream{s.seed, RandomUse::kUpdate, t.tensor, s.step};
  const StochasticShift shift = stochastic_shift(p.shift);
  const Scale32 old_scale = sgd_mom_scale(p), new_scale = scale32(s.mom.mantissa != 0 ? s.mom.exp + p.shift : 0, 25);
  const int down = sgd_down(p);
  const int32_t rate = s.rate.mantissa, mom = s.mom.mantissa, limit = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept, whatever is written there: times a mantissa of 0
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) uint32_t momentum_bits[kSgdBlock], update_bits[kSgdBlock];
        random_words<Lanes>(momentum_stream, at, kSgdBlock, momentum_bits);
        random_words<Lanes>(update_stream, at, kSgdBlock, update_bits);
        alignas(64) int16_t g[kSgdBlock];
        round_gradients<Lanes>(p, gradient + at, at, count, g);
        int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        int32_t* __restrict w = t.master + at;
        // rate u, below 2^53.
        const auto step = [&](int i) __attribute__((always_inline)) {
          const int64_t v = apply(g[i], m[i], w[i], sum);
          const int32_t quantized = clamp32(apply(v, momentum_bits[i], shift), -limit, limit);
          const uint64_t u = static_cast<uint64_t>(v) - apply(mom * m[i], old_scale) + apply(mom * quantized, new_scale);
          m[i] = static_cast<int16_t>(quantized);
          return static_cast<int64_t>(u) * rate;
        };
        if (s.coarse == 0 && down >= 0 && down <= 62) {
          // Moved by 2^62, a multiple of 2^down, so that the shift needs no sign: 2^62 + 2^53 + 2^62 < 2^64.
          constexpr int64_t kLimit = int64_t{1} << 40;
          const uint64_t moved = uint64_t{1} << 62;
          const StochasticShift to_grid = stochastic_shift(down);
          for (int i = 0; i < count; ++i) {
            const uint64_t random = uint64_t{update_bits[i]} >> to_grid.random_right << to_grid.random_left;
            const int64_t delta =
                static_cast<int64_t>(((moved + static_cast<uint64_t>(step(i)) + random) >> down) - (moved >> down));
            const int64_t next = w[i] - (delta < -kLimit ? -kLimit : delta > kLimit ? kLimit : delta);
            w[i] = static_cast<int32_t>(next < -INT32_MAX ? -INT32_MAX : next > INT32_MAX ? INT32_MAX : next);
            max = larger(max, w[i]);
          }
        } else {
          for (int i = 0; i < count; ++i) {
            w[i] = sgd_new_master(w[i], step(i), down, s.coarse, update_bits[i]);
            max = larger(max, w[i]);
          }
        }
      });
  return static_cast<uint32_t>(max);
}

template <class Lanes, class Gradient, class Sum>
[[gnu::always_inline]] static inline uint32_t sgd_update_of(const SgdPass& p, const Gradient* gradient, const Sum& sum) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream momentum_stream{s.seed, RandomUse::kMomentum, t.tensor, s.step};
  const RandomStream update_stream{s.seed, RandomUse::kUpdate, t.tensor, s.step};
  const StochasticShift shift = stochastic_shift(p.shift);
  const int down = sgd_down(p);
  const int32_t rate = s.rate.mantissa, limit = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept, whatever is written there: times a mantissa of 0
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) uint32_t momentum_bits[kSgdBlock], update_bits[kSgdBlock];
        random_words<Lanes>(momentum_stream, at, kSgdBlock, momentum_bits);
        random_words<Lanes>(update_stream, at, kSgdBlock, update_bits);
        alignas(64) int16_t g[kSgdBlock];
        round_gradients<Lanes>(p, gradient + at, at, count, g);
        int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        int32_t* __restrict w = t.master + at;
        const auto momentum = [&](int i) __attribute__((always_inline)) {
          return clamp32(apply(apply(g[i], m[i], w[i], sum), momentum_bits[i], shift), -limit, limit);
        };
        if (s.coarse == 0 && down >= 0 && down <= 30) {
          // |rate m'| < 2^25, so the sum with its random number fits s32; W is clamped first, so that the difference does too.
          for (int i = 0; i < count; ++i) {
            const int32_t quantized = momentum(i);
            const int32_t delta = (rate * quantized + static_cast<int32_t>(update_bits[i] >> 1 >> (31 - down))) >> down;
            m[i] = static_cast<int16_t>(quantized);
            w[i] = clamp32(w[i], -INT32_MAX + (delta > 0 ? delta : 0), INT32_MAX + (delta < 0 ? delta : 0)) - delta;
            max = larger(max, w[i]);
          }
        } else {
          for (int i = 0; i < count; ++i) {
            const int32_t quantized = momentum(i);
            m[i] = static_cast<int16_t>(quantized);
            w[i] = sgd_new_master(w[i], rate * quantized, down, s.coarse, update_bits[i]);
            max = larger(max, w[i]);
          }
        }
      });
  return static_cast<uint32_t>(max);
}
template <class Lanes>
[[gnu::always_inline]] static inline uint32_t sgd_update_vector(const SgdPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) {
    return with_sgd_sum(
        p, [&](const auto& sum) __attribute__((always_inline)) {
          return p.step.nesterov ? sgd_nesterov_of<Lanes>(p, g, sum) : sgd_update_of<Lanes>(p, g, sum);
        });
  });
}

}  // namespace intrain::ops
