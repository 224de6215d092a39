// Cases of the kernels of both optimizers.
#pragma once

#include "ops/cases/case_builder.h"

namespace intrain::ops::test {

// A gradient in s32 or s64. any: what is to be of any width within `width` bits.
inline ExactSums gradient_input(CaseBuilder& b, bool narrow, int width, bool any) {
  Rng& rng = b.rng();
  if (narrow) width = std::min(width, 30);
  const int64_t limit = rng.range(0, 3) == 0 ? int64_t{1} << width : (int64_t{1} << width) - 1;
  const ExactSums grad = narrow ? ExactSums(b.input<int32_t>("grad", b.size(), -limit, limit))
                                : ExactSums(b.input<int64_t>("grad", b.size(), -limit, limit));
  if (any)
    for (int64_t i = 0; i < b.size(); ++i)
      if (i % 5 != 0) grad.set(i, clamp(rng.any_width(width), -limit, limit));
  return grad;
}

// A tensor of any exponents, with the scale and shift of its true maxima; extreme fillings reach 2^62. The passes leave out elements at
// both ends.
struct SgdCase {
  static constexpr int kWide = 18;  // of them the last with Nesterov's momentum; and all again with s32
  static constexpr int kVariants = 2 * kWide;
  static SgdPass params(CaseBuilder& b, int number) {
    const int variant = number % kWide;
    Rng& rng = b.rng();
    const int64_t n = b.size();
    SgdPass p{};
    const auto scalar = [&](int lo, int hi) {
      return Scalar10{static_cast<int32_t>(rng.range(512, 1023)), static_cast<int32_t>(rng.range(lo, hi))};
    };
    // Steps of any size: nothing, within s32, within s64, saturated.
    constexpr int kRateExps[] = {-13, -13, -20, -30, -45, -60, -80, -5, 0, 8, 20, 60, -13, -20, -30, -60, -80, 8};
    p.step = {scalar(kRateExps[variant] - 3, kRateExps[variant] + 3), scalar(-11, -9), scalar(-26, -14), rng.bits(),
              static_cast<uint32_t>(rng.bits())};
    p.step.nesterov = variant >= 12;
    p.step.nearest_grad = variant == 3 || variant == 15;
    if (p.step.nesterov) p.step.mom.exp = std::min(p.step.mom.exp, kNesterovMomExp);
    if (variant % 4 == 1) p.step.mom = {};
    if (variant % 4 == 2) p.step.decay = {};
    if (variant == 11) p.step.rate = {};
    if (variant >= 6 && variant % 2 == 0) {
      p.step.momentum_bits = static_cast<int>(rng.range(2, 16));
      p.step.coarse = static_cast<int>(rng.range(0, 20));
    }
    const int width = static_cast<int>(variant % 3 == 0 ? rng.range(1, 62) : rng.range(20, 32));
    p.tensor.grad = gradient_input(b, number >= kWide, width, variant % 2 == 1);
    p.tensor.momentum = b.input<int16_t>("momentum", n, -kS16Max, kS16Max);
    p.tensor.master = b.input<int32_t>("master", n, -INT32_MAX, INT32_MAX);
    if (variant % 2 == 1)
      for (int64_t i = 0; i < n; ++i) {
        p.tensor.momentum[i] = static_cast<int16_t>(rng.any_width(15));
        p.tensor.master[i] = static_cast<int32_t>(rng.any_width(31));
      }
    p.tensor.count = n;
    p.tensor.grad_bits = static_cast<int>(variant < 8 ? 8 * rng.range(1, 2) : rng.range(2, 16));
    // All three terms alike, or one far above the others.
    p.tensor.grad_exp = static_cast<int>(rng.range(-45, -25) + (variant % 5 == 1 ? rng.range(-80, 80) : 0));
    p.tensor.momentum_exp = static_cast<int>(rng.range(-45, -15) + (variant % 5 == 2 ? rng.range(-80, 80) : 0));
    p.tensor.tensor = static_cast<uint32_t>(rng.bits());
    p.end = n;
    p.scale = sgd_scale(p.tensor, p.step, sgd_grad_max_reference({p.tensor.grad, 0, n}));
    p.begin = n > 40 ? 4 * rng.range(0, 5) : 0;
    if (n > 40) p.end -= rng.range(0, 5);
    if (variant == 5 || variant == 17) p.tensor.momentum = nullptr;
    return p;
  }
};
struct sgd_grad_max_case : SgdCase {
  static SgdGradients params(CaseBuilder& b, int variant) {
    const SgdPass p = SgdCase::params(b, variant);
    return {p.tensor.grad, p.begin, p.end};
  }
};
struct sgd_rough_case : SgdCase {};
struct sgd_max_case : SgdCase {};
struct sgd_update_case : SgdCase {
  static SgdPass params(CaseBuilder& b, int variant) {
    SgdPass p = SgdCase::params(b, variant), whole = p;
    whole.begin = 0;
    whole.end = p.tensor.count;
    p.shift = quantize_shift(sgd_max_reference(whole), p.step.momentum_bits);
    return p;
  }
};

// Widths of all sizes that fit each other; gradients up to 2^62, shifts of every term that nothing survives.
struct WageubnCase {
  static constexpr int kWide = 8, kVariants = 2 * kWide;  // all again with s32
  static WageubnPass params(CaseBuilder& b, int number) {
    const int variant = number % kWide;
    Rng& rng = b.rng();
    const int64_t n = b.size();
    WageubnPass p{};
    p.weight = variant % 4 != 3;
    const int rate_bits = static_cast<int>(variant % 2 == 0 ? 10 : rng.range(2, 10));
    const int momentum_bits = static_cast<int>(variant % 2 == 0 ? 13 : rng.range(2, std::min(16, 24 - rate_bits)));
    p.step = {{static_cast<int32_t>(rng.range(1, (1 << (rate_bits - 1)) - 1)), 1 - rate_bits},
              {static_cast<int32_t>(rng.range(0, 3)), -2},
              {static_cast<int32_t>(rng.range(512, 1023)), static_cast<int32_t>(rng.range(-26, -14))},
              rng.bits(),
              static_cast<uint32_t>(rng.bits())};
    if (variant % 4 == 1 || !p.weight) p.step.decay = {};
    p.step.momentum_bits = momentum_bits;
    p.step.coarse = static_cast<int>(rng.range(0, 24 - momentum_bits - rate_bits));
    p.step.range_log2 = static_cast<int>(rng.range(1, std::min(15, momentum_bits + 1)));
    const int width = static_cast<int>(variant % 3 == 0 ? rng.range(1, 62) : rng.range(20, 32));
    const int64_t m_most = quantize_limit(momentum_bits), w_most = wageubn_most(p.weight, p.step.coarse);
    p.tensor.grad = gradient_input(b, number >= kWide, width, variant >= 4);
    p.tensor.momentum = b.input<int16_t>("momentum", n, -m_most, m_most);
    p.tensor.master = b.input<int32_t>("master", n, -w_most, w_most);
    p.tensor.count = n;
    // Both terms alike, or one far above the other.
    p.tensor.grad_exp = static_cast<int>(rng.range(-45, -15) + (variant % 5 == 2 ? rng.range(-90, 90) : 0));
    p.tensor.tensor = static_cast<uint32_t>(rng.bits());
    p.end = n;
    uint64_t max = 0;
    for (int64_t i = 0; i < n; ++i) max = std::max(max, magnitude(p.tensor.grad[i]));
    p.exp = wageubn_exp(p.tensor, p.step, max);
    p.begin = n > 40 ? 4 * rng.range(0, 5) : 0;
    if (n > 40) p.end -= rng.range(0, 5);
    return p;
  }
};
struct sgd_wageubn_max_case : WageubnCase {};
struct sgd_wageubn_update_case : WageubnCase {
  static WageubnPass params(CaseBuilder& b, int variant) {
    WageubnPass p = WageubnCase::params(b, variant), whole = p;
    whole.begin = 0;
    whole.end = p.tensor.count;
    p.range = nearest_log2(sgd_wageubn_max_reference(whole));
    return p;
  }
};

// Every shift there is; extreme fillings make the largest differences.
struct weight_average_case {
  static constexpr int kVariants = kMostAverageShift + 1;
  static WeightAverage params(CaseBuilder& b, int variant) {
    Rng& rng = b.rng();
    const int64_t n = b.size();
    WeightAverage p{};
    p.master = b.input<int32_t>("master", n, -INT32_MAX, INT32_MAX);
    p.average = b.input<int32_t>("average", n, -INT32_MAX, INT32_MAX);
    p.shift = variant;
    p.seed = rng.bits();
    p.tensor = static_cast<uint32_t>(rng.bits());
    p.step = static_cast<uint32_t>(rng.bits());
    p.begin = n > 40 ? 4 * rng.range(0, 5) : 0;
    p.end = n > 40 ? n - rng.range(0, 5) : n;
    return p;
  }
};

}  // namespace intrain::ops::test
