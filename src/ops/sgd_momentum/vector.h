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

// v of G, m and W.
struct SgdSum {
  int32_t mom, decay;
  Scale32 grad_scale, mom_scale;
  int right;
  uint64_t half, back;
};
constexpr uint64_t kSgdMoved = uint64_t{1} << 62;
[[gnu::always_inline]] static inline SgdSum sgd_sum(const SgdPass& p) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  // |decay W| < 2^41, moved by 2^62 so that shifts to the right need no sign; their scale is 41 below the top or less, a shift to the
  // right by 1 or more. From 43 on nothing is left. A mantissa of 0 sets no bound to its shift, and needs none.
  const int decay_shift = s.decay.mantissa == 0 ? 1 : p.scale.exp - kMasterExp - s.decay.exp;
  const int right = decay_shift > 43 ? 43 : decay_shift;
  return {s.mom.mantissa,
          s.decay.mantissa,
          scale32(t.grad_exp + p.scale.grad_shift - p.scale.exp, 15),
          scale32(s.mom.mantissa == 0 ? 0 : t.momentum_exp + s.mom.exp - p.scale.exp, 25),
          right,
          (uint64_t{1} << (right - 1)) - 1,
          kSgdMoved >> right};
}
[[gnu::always_inline]] static inline int64_t apply(int32_t g, int32_t m, int32_t w, const SgdSum& s) {
  const uint64_t product = kSgdMoved + static_cast<uint64_t>(int64_t{s.decay} * w);
  const uint64_t decayed = ((product + s.half + ((product >> s.right) & 1)) >> s.right) - s.back;
  return static_cast<int64_t>(apply(s.mom * m, s.mom_scale) + apply(g, s.grad_scale) + decayed);
}

// Elements of a block, through memory that is its own: so G may lie where g did.
struct SgdRounded {
  alignas(64) int16_t at[kSgdBlock];
};

template <class Lanes, class Gradient>
[[gnu::always_inline]] static inline uint64_t sgd_accumulate_of(const SgdPass& p, Gradient* gradient) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream stream{s.seed, RandomUse::kGradient, t.tensor, s.step};
  // Of s32 t <= bit_length(2^30) - (grad_bits - 1) <= 30.
  const StochasticShift grad_shift = stochastic_shift(p.scale.grad_shift);
  const int32_t limit = static_cast<int32_t>(quantize_limit(t.grad_bits));
  const SgdSum sum = sgd_sum(p);
  int64_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) uint32_t bits[kSgdBlock];
        random_words<Lanes>(stream, at, kSgdBlock, bits);
        alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept
        SgdRounded rounded;
        const Gradient* __restrict g = gradient + at;
        const int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        const int32_t* __restrict w = t.master + at;
        for (int i = 0; i < count; ++i) {
          const int32_t quantized = clamp32(apply(g[i], bits[i], grad_shift), -limit, limit);
          rounded.at[i] = static_cast<int16_t>(quantized);
          const int64_t v = apply(quantized, m[i], w[i], sum);
          max = larger(max, v);
        }
        __builtin_memcpy(sgd_rounded(p, at), rounded.at, static_cast<uint64_t>(count) * sizeof(int16_t));
      });
  return static_cast<uint64_t>(max);
}
template <class Lanes>
[[gnu::always_inline]] static inline uint64_t sgd_accumulate_vector(const SgdPass& p) {
  return p.tensor.grad.visit([&](auto* g) __attribute__((always_inline)) { return sgd_accumulate_of<Lanes>(p, g); });
}

// sgd_update of a step with Nesterov's momentum.
template <class Lanes>
[[gnu::always_inline]] static inline uint32_t sgd_nesterov_vector(const SgdPass& p) {
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream momentum_stream{s.seed, RandomUse::kMomentum, t.tensor, s.step};
  const RandomStream update_stream{s.seed, RandomUse::kUpdate, t.tensor, s.step};
  const StochasticShift shift = stochastic_shift(p.shift);
  const SgdSum sum = sgd_sum(p);
  const Scale32 new_scale = scale32(s.mom.mantissa != 0 ? s.mom.exp + p.shift : 0, 25);
  const int down = sgd_down(p);
  const int32_t rate = s.rate.mantissa, mom = s.mom.mantissa, limit = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) uint32_t momentum_bits[kSgdBlock], update_bits[kSgdBlock];
        random_words<Lanes>(momentum_stream, at, kSgdBlock, momentum_bits);
        random_words<Lanes>(update_stream, at, kSgdBlock, update_bits);
        alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept: times a mantissa of 0
        SgdRounded g;
        __builtin_memcpy(g.at, sgd_rounded(p, at), static_cast<uint64_t>(count) * sizeof(int16_t));
        int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        int32_t* __restrict w = t.master + at;
        // rate u, below 2^53.
        const auto step = [&](int i) __attribute__((always_inline)) {
          const int64_t v = apply(g.at[i], m[i], w[i], sum);
          const int32_t quantized = clamp32(apply(v, momentum_bits[i], shift), -limit, limit);
          const uint64_t u = static_cast<uint64_t>(v) - apply(mom * m[i], sum.mom_scale) + apply(mom * quantized, new_scale);
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

template <class Lanes>
[[gnu::always_inline]] static inline uint32_t sgd_update_vector(const SgdPass& p) {
  if (p.step.nesterov) return sgd_nesterov_vector<Lanes>(p);
  const SgdTensor& t = p.tensor;
  const SgdStep& s = p.step;
  const RandomStream momentum_stream{s.seed, RandomUse::kMomentum, t.tensor, s.step};
  const RandomStream update_stream{s.seed, RandomUse::kUpdate, t.tensor, s.step};
  const StochasticShift shift = stochastic_shift(p.shift);
  const SgdSum sum = sgd_sum(p);
  const int down = sgd_down(p);
  const int32_t rate = s.rate.mantissa, limit = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  int32_t max = 0;
  for_each_sgd_block(
      p, [&](int64_t at, int count) __attribute__((always_inline)) {
        alignas(64) uint32_t momentum_bits[kSgdBlock], update_bits[kSgdBlock];
        random_words<Lanes>(momentum_stream, at, kSgdBlock, momentum_bits);
        random_words<Lanes>(update_stream, at, kSgdBlock, update_bits);
        alignas(64) int16_t none[kSgdBlock] = {};  // the momentum where none is kept: times a mantissa of 0
        SgdRounded g;
        __builtin_memcpy(g.at, sgd_rounded(p, at), static_cast<uint64_t>(count) * sizeof(int16_t));
        int16_t* __restrict m = t.momentum != nullptr ? t.momentum + at : none;
        int32_t* __restrict w = t.master + at;
        const auto momentum = [&](int i) __attribute__((always_inline)) {
          return clamp32(apply(apply(g.at[i], m[i], w[i], sum), momentum_bits[i], shift), -limit, limit);
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

}  // namespace intrain::ops
