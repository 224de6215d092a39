// SGD with momentum and weight decay against float64: within a stated bound in one step, right on average, saturating at the
// ends.
#include "ops/sgd_momentum/sgd_momentum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Rng;

double real(const Scalar10& s) { return std::ldexp(s.mantissa, s.exp); }

// A tensor with its data, and the three passes in order.
struct Tensor {
  std::vector<int32_t> master;
  std::vector<int16_t> momentum;
  std::vector<int64_t> grad;
  int momentum_exp = -20, grad_exp = -30, grad_bits = 8;
  uint32_t number = 5;
  SgdScale scale{};
  int shift = 0;
  uint64_t sum_max = 0, rough_max = 0;  // max |v|, max |r|
  int rough_error = 0, rough_shift = 0;

  explicit Tensor(int64_t count) : master(static_cast<size_t>(count)), momentum(master.size()), grad(master.size()) {}
  int64_t count() const { return static_cast<int64_t>(master.size()); }
  // In `parts` runs of elements, each a multiple of 4.
  void step(const SgdStep& s, int64_t part = INT64_MAX / 2) {
    const SgdTensor p{count(), master.data(), momentum.data(), grad.data(), momentum_exp, grad_exp, grad_bits, number};
    const auto parts = [&](auto pass) {
      for (int64_t begin = 0; begin < count(); begin += part)
        pass(SgdPass{p, s, scale, shift, begin, std::min(count(), begin + part)});
    };
    uint64_t grad_max = 0;
    sum_max = rough_max = 0;
    parts([&](const SgdPass& a) { grad_max = std::max(grad_max, sgd_grad_max_reference({p.grad, a.begin, a.end})); });
    scale = sgd_scale(p, s, grad_max);
    parts([&](const SgdPass& a) { sum_max = std::max(sum_max, sgd_max_reference(a)); });
    parts([&](const SgdPass& a) { rough_max = std::max<uint64_t>(rough_max, sgd_rough_reference(a)); });
    const SgdPass whole{p, s, scale, 0, 0, count()};
    rough_error = sgd_rough_scale(whole).error;
    rough_shift = sgd_rough_shift(whole, rough_max);
    shift = quantize_shift(sum_max, s.momentum_bits);
    parts(sgd_update_reference);
    momentum_exp = scale.exp + shift;
  }
};

// max |g| = 1000 in 8 bits: t = 3, G = 125 and 1 and -63 (exact: no rounding). top = -19 + 3 + 7 = -9, E = -49; v = G 2^(-19 + 3
// + 49) = G 2^33. max |v| = 125 2^33 has 40 bits: t' = 25, m' = G 2^8 = 32000, 256, -16128, exponent -24. Rate 3: W' = W - 3 m'.
TEST(Sgd, ByHand) {
  Tensor t(3);
  t.master = {1000000, 0, -5};
  t.grad = {1000, 8, -504};
  t.grad_exp = -19;
  t.step({{3, 0}, {0, 0}, {0, 0}, 1, 1});
  EXPECT_EQ(t.scale.grad_shift, 3);
  EXPECT_EQ(t.scale.exp, -49);
  EXPECT_EQ(t.momentum_exp, -24);
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{32000, 256, -16128}));
  EXPECT_EQ(t.master, (std::vector<int32_t>{1000000 - 96000, -768, -5 + 48384}));
}

// As above with a momentum of 8 bits, t' = 33, and W in multiples of 2^8: 3 m' 2^8 is one, so nothing is rounded.
TEST(Sgd, NarrowMomentumAndStoredWByHand) {
  Tensor t(3);
  t.master = {1024000, 0, -256};
  t.grad = {1000, 8, -504};
  t.grad_exp = -19;
  SgdStep step{{3, 0}, {0, 0}, {0, 0}, 1, 1};
  step.momentum_bits = 8;
  step.coarse = 8;
  t.step(step);
  EXPECT_EQ(t.momentum_exp, -16);
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{125, 1, -63}));
  EXPECT_EQ(t.master, (std::vector<int32_t>{1024000 - 96000, -768, -256 + 48384}));
  t.master = {INT32_MAX >> 8 << 8, 0, 0};
  t.grad = {-1000, 0, 0};
  t.momentum = {0, 0, 0};
  t.step(step);
  EXPECT_EQ(t.master[0], INT32_MAX >> 8 << 8) << "saturates on the grid";
}

// t = 3: 12 / 8 and 20 / 8 are ties, both to 2. G 2^33 as above, t' = 25: m' = 125 2^8, 2 2^8, 2 2^8.
TEST(Sgd, GradientToNearestByHand) {
  Tensor t(3);
  t.grad = {1000, 12, 20};
  t.grad_exp = -19;
  SgdStep step{{3, 0}, {0, 0}, {0, 0}, 1, 1};
  step.nearest_grad = true;
  t.step(step);
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{32000, 512, 512}));
}

// Momentum 1/2 (512 2^-10) of m = 4 at 2^-10, decay 1/4 of W = 2^24 (1.0), G = 0: 2 2^-10 + 1/4 = 258 2^-10.
// top is the decay's, -24 - 10 + 41 = 7, so E = -33: v = 258 2^23, 32 bits; t' = 17, m' = 258 2^6 = 16512 at 2^-16. Rate 1/2 (512
// 2^-10): W' = 2^24 - 129 2^-10 2^24 = 2^24 - 129 2^14.
TEST(Sgd, MomentumAndDecayByHand) {
  Tensor t(1);
  t.master = {1 << 24};
  t.momentum = {4};
  t.momentum_exp = -10;
  t.step({{512, -10}, {512, -10}, {256, -10}, 1, 1});
  EXPECT_EQ(t.scale.exp, -33);
  EXPECT_EQ(t.momentum[0], 16512);
  EXPECT_EQ(t.momentum_exp, -16);
  EXPECT_EQ(t.master[0], (1 << 24) - (129 << 14));
}

// As before with Nesterov's: u = 2^-1 16512 2^-16 + 1/4 = 8256 2^-16 + 16384 2^-16 = 24640 2^-16, of which half is 12320 2^-16 = 12320 2^8 2^-24.
TEST(Sgd, NesterovByHand) {
  Tensor t(1);
  t.master = {1 << 24};
  t.momentum = {4};
  t.momentum_exp = -10;
  SgdStep step{{512, -10}, {512, -10}, {256, -10}, 1, 1};
  step.nesterov = true;
  t.step(step);
  EXPECT_EQ(t.momentum[0], 16512) << "the momentum is as without";
  EXPECT_EQ(t.momentum_exp, -16);
  EXPECT_EQ(t.master[0], (1 << 24) - (12320 << 8));
}

Tensor random_tensor(uint64_t seed, int64_t count) {
  Rng rng(seed);
  Tensor t(count);
  t.grad_bits = static_cast<int>(rng.range(2, 16));
  t.grad_exp = static_cast<int>(rng.range(-60, -20));
  t.momentum_exp = static_cast<int>(rng.range(-45, -10));
  const int width = static_cast<int>(rng.range(1, 45));
  for (size_t i = 0; i < t.master.size(); ++i) {
    t.master[i] = static_cast<int32_t>(rng.any_width(31));
    t.momentum[i] = static_cast<int16_t>(rng.any_width(15));
    t.grad[i] = rng.any_width(width);
  }
  return t;
}

SgdStep random_step(uint64_t seed) {
  Rng rng(seed + 1000);
  const auto scalar = [&](int lo, int hi) {
    return Scalar10{static_cast<int32_t>(rng.range(0, 1023)), static_cast<int32_t>(rng.range(lo, hi))};
  };
  SgdStep s{scalar(-20, -8), scalar(-11, -9), scalar(-26, -14), seed, static_cast<uint32_t>(seed * 7)};
  if (seed % 5 == 1) s.mom.mantissa = 0;
  if (seed % 7 == 1) s.decay.mantissa = 0;
  return s;
}

// u = G + decay W + mom m': G is off by less than a step of G, the two terms that are rounded to E by a half each, m' as below. W': by rate times all
// of that, and less than one unit.
TEST(Sgd, OneNesterovStepIsWithinItsBoundOfFloat) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Tensor t = random_tensor(seed, 61);
    const Tensor before = t;
    SgdStep s = random_step(seed);
    s.nesterov = true;
    s.mom.exp = std::min(s.mom.exp, kNesterovMomExp);
    t.step(s);
    const double g_step = std::ldexp(1.0, t.scale.grad_shift + t.grad_exp), e_step = std::ldexp(1.0, t.scale.exp);
    const double m_error = g_step + 1.5 * e_step + std::ldexp(1.0, t.momentum_exp);
    const double u_error = g_step + 1.5 * e_step + real(s.mom) * m_error;
    for (size_t i = 0; i < t.master.size(); ++i) {
      const double pulled =
          std::ldexp(static_cast<double>(before.grad[i]), t.grad_exp) + real(s.decay) * std::ldexp(before.master[i], kMasterExp);
      const double m = real(s.mom) * std::ldexp(before.momentum[i], before.momentum_exp) + pulled;
      ASSERT_LE(std::fabs(std::ldexp(t.momentum[i], t.momentum_exp) - m), m_error * (1 + 1e-12)) << "m, seed " << seed;
      const double step = std::ldexp(real(s.rate) * (pulled + real(s.mom) * m), -kMasterExp);
      const double w = std::clamp(before.master[i] - step, -2147483647.0, 2147483647.0);
      ASSERT_LE(std::fabs(t.master[i] - w), std::ldexp(real(s.rate) * u_error, -kMasterExp) * (1 + 1e-12) + 1.000001)
          << "W, seed " << seed;
    }
  }
}

// v: G is off by less than a step 2^(t + e_g) (also where it is clamped: |g| < 2^(t + bits - 1)), and each of three terms is
// rounded to E; the largest is off by no more than any of them. m': off by less than a step 2^(E + t'). W': off by rate times
// both, and less than one unit; saturated.
TEST(Sgd, OneStepIsWithinItsBoundOfFloat) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Tensor t = random_tensor(seed, 61);
    const Tensor before = t;
    const SgdStep s = random_step(seed);
    t.step(s);
    const double g_step = std::ldexp(1.0, t.scale.grad_shift + t.grad_exp), v_error = g_step + std::ldexp(1.5, t.scale.exp);
    const double m_step = std::ldexp(1.0, t.momentum_exp);
    double most = 0;
    for (size_t i = 0; i < t.master.size(); ++i) {
      const double v = real(s.mom) * std::ldexp(before.momentum[i], before.momentum_exp) +
                       std::ldexp(static_cast<double>(before.grad[i]), t.grad_exp) +
                       real(s.decay) * std::ldexp(before.master[i], kMasterExp);
      most = std::max(most, std::fabs(v));
      ASSERT_LE(std::fabs(std::ldexp(t.momentum[i], t.momentum_exp) - v), (v_error + m_step) * (1 + 1e-12)) << "m, seed " << seed;
      ASSERT_LE(std::abs(t.momentum[i]), kS16Max);
      const double w = std::clamp(before.master[i] - std::ldexp(real(s.rate) * v, -kMasterExp), -2147483647.0, 2147483647.0);
      ASSERT_LE(std::fabs(t.master[i] - w), std::ldexp(real(s.rate) * (v_error + m_step), -kMasterExp) * (1 + 1e-12) + 1.000001)
          << "W, seed " << seed;
    }
    ASSERT_NEAR(std::ldexp(static_cast<double>(t.sum_max), t.scale.exp), most, v_error * (1 + 1e-12)) << "v, seed " << seed;
    ASSERT_LE(t.sum_max, uint64_t{1} << 42);
  }
}

// The mean over many elements with the same values (element 0 sets the scale) is the float64 result within 5 standard deviations
// of a mean of three stochastic roundings, each of deviation at most half a step.
TEST(Sgd, IsUnbiased) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Rng rng(seed);
    const int64_t n = 20000;
    Tensor t(n + 1);
    t.grad_bits = seed % 3 == 0 ? 4 : 8;
    t.grad[0] = 100000;
    t.momentum[0] = 30000;
    const int64_t g = rng.range(-90000, 90000), m = rng.range(-20000, 20000);
    const int32_t w = static_cast<int32_t>(rng.range(-(1 << 24), 1 << 24));
    for (size_t i = 1; i < t.master.size(); ++i) t.grad[i] = g, t.momentum[i] = static_cast<int16_t>(m), t.master[i] = w;
    t.grad_exp = -34;
    t.momentum_exp = -33;
    const SgdStep s{{819, -13}, {922, -10}, {839, -23}, seed, static_cast<uint32_t>(seed)};
    const double v = real(s.mom) * std::ldexp(static_cast<double>(m), -33) + std::ldexp(static_cast<double>(g), -34) +
                     real(s.decay) * std::ldexp(w, kMasterExp);
    t.step(s);
    double sum_w = 0, sum_m = 0;
    for (size_t i = 1; i < t.master.size(); ++i) sum_w += t.master[i] - w, sum_m += t.momentum[i];
    const double g_step = std::ldexp(1.0, t.scale.grad_shift + t.grad_exp), m_step = std::ldexp(1.0, t.momentum_exp),
                 fixed = std::ldexp(1.5, t.scale.exp);
    const double root = std::sqrt(static_cast<double>(n)), m_bound = 2.5 * std::hypot(g_step, m_step) / root + fixed;
    EXPECT_NEAR(std::ldexp(sum_m / n, t.momentum_exp), v, m_bound) << "momentum, seed " << seed;
    const double rate = std::ldexp(real(s.rate), -kMasterExp);
    EXPECT_NEAR(sum_w / n, -rate * v, 2.5 * std::hypot(rate * g_step, rate * m_step, 1.0) / root + rate * fixed)
        << "W, seed " << seed;
    EXPECT_LT(m_bound, 0.2 * std::fabs(v) + g_step) << "the test says something";
  }
}

// A gradient far below the quantization step still arrives, on average.
TEST(Sgd, SmallGradientsArriveOnAverage) {
  const int64_t n = 100000;
  Tensor t(n + 1);
  t.grad[0] = 1 << 20;  // t = 14: a step is 16384
  for (size_t i = 1; i < t.grad.size(); ++i) t.grad[i] = 100;
  t.step({{1, 0}, {0, 0}, {0, 0}, 3, 9});
  double sum = 0;
  for (size_t i = 1; i < t.momentum.size(); ++i) sum += std::ldexp(t.momentum[i], t.momentum_exp);
  const double step = std::ldexp(16384.0, t.grad_exp);
  EXPECT_NEAR(sum / n, std::ldexp(100.0, t.grad_exp),
              5 * step * std::sqrt(100.0 / 16384 / n));  // a draw of probability 100 / 16384
}

// Within its error of max |v|, which nearly always says what t' is, and never another.
TEST(Sgd, RoughSumsTellTheShift) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Tensor t = random_tensor(seed, 61);
    SgdStep s = random_step(seed);
    s.nearest_grad = seed % 3 == 0;
    if (seed % 4 == 0) t.grad_exp = t.momentum_exp = kMasterExp;  // all of a size, or one above the others
    t.step(s);
    ASSERT_LT(std::fabs(std::ldexp(static_cast<double>(t.sum_max), -kSgdRoughLog2) - static_cast<double>(t.rough_max)),
              t.rough_error)
        << "seed " << seed;
    if (t.rough_shift >= 0) ASSERT_EQ(t.rough_shift, t.shift) << "seed " << seed;
    told += t.rough_shift >= 0;
  }
  EXPECT_GT(told, 900);
}

// G = 64 and nothing else: v = 2^39 at E, whose length no number near it tells. Of 96 it is told.
TEST(Sgd, RoughSumsAtAPowerOfTwoDoNotTell) {
  for (const int64_t g : {64, 96}) {
    Tensor t(1);
    t.grad = {g << 20};
    t.step({{3, 0}, {0, 0}, {0, 0}, 1, 1});
    EXPECT_EQ(t.sum_max, static_cast<uint64_t>(g) << 33);
    EXPECT_EQ(t.rough_max, (static_cast<uint64_t>(g) << 21) + (1 << 20));
    EXPECT_EQ(t.rough_error, (1 << 20) + 4);
    EXPECT_EQ(t.rough_shift, g == 64 ? -1 : 25);
    EXPECT_EQ(t.shift, 25);
  }
}

TEST(Sgd, PartsDoNotShow) {
  for (uint64_t seed : {1u, 2u, 3u}) {
    Tensor whole = random_tensor(seed, 103), parts = whole, other = whole;
    SgdStep s = random_step(seed);
    whole.step(s);
    parts.step(s, 8);
    EXPECT_EQ(whole.master, parts.master);
    EXPECT_EQ(whole.momentum, parts.momentum);
    EXPECT_EQ(whole.momentum_exp, parts.momentum_exp);
    ++other.number;  // other random bits
    other.step(s);
    EXPECT_NE(whole.momentum, other.momentum);
  }
}

TEST(Sgd, NothingMovesWithoutAGradient) {
  Tensor t(9);
  t.master = {5, -5, 0, INT32_MAX, -INT32_MAX, 1 << 24, 77, 8, 9};
  const auto before = t.master;
  for (int i = 0; i < 5; ++i) t.step({{900, -13}, {922, -10}, {0, 0}, 1, static_cast<uint32_t>(i)});
  EXPECT_EQ(t.master, before);
  EXPECT_EQ(t.momentum, std::vector<int16_t>(9, 0));
  Tensor still = random_tensor(4, 9);
  const auto masters = still.master;
  SgdStep s = random_step(4);
  s.rate.mantissa = 0;
  still.step(s);
  EXPECT_EQ(still.master, masters);
}

TEST(Sgd, SaturatesAtTheEnds) {
  for (int rate_exp : {-5, 0, 20, 60}) {
    Tensor t(4);
    t.master = {INT32_MAX, -INT32_MAX, INT32_MAX - 3, 3 - INT32_MAX};
    t.grad = {-(int64_t{1} << 40), int64_t{1} << 40, -(int64_t{1} << 40), int64_t{1} << 40};
    t.grad_exp = -20;
    t.step({{1023, rate_exp}, {0, 0}, {0, 0}, 1, 1});
    EXPECT_EQ(t.master, (std::vector<int32_t>{INT32_MAX, -INT32_MAX, INT32_MAX, -INT32_MAX})) << rate_exp;
    EXPECT_LE(*std::max_element(t.momentum.begin(), t.momentum.end()), kS16Max);
    EXPECT_GE(*std::min_element(t.momentum.begin(), t.momentum.end()), -kS16Max);
  }
  // A step far below the stored grid: nothing, whatever the random bits.
  Tensor t(4);
  t.grad = {1, 1, 1, 1};
  t.grad_exp = -70;
  t.step({{1, -40}, {0, 0}, {0, 0}, 1, 1});
  EXPECT_EQ(t.master, std::vector<int32_t>(4, 0));
}

}  // namespace
}  // namespace intrain::ops
