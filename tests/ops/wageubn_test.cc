// WAGEUBN's optimizer by hand, against float64 within a stated bound in one step, right on average, clipped at the ends.
#include "ops/sgd_momentum/wageubn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rounding.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Rng;

// The paper's widths: accumulator of 13 bits, rate of 10, W of 24 on 2^-23.
SgdStep paper_step(int momentum_quarters, int rate, int range_log2) {
  SgdStep s{{rate, -9}, {momentum_quarters, -2}, {0, 0}, 1, 1};
  s.momentum_bits = 13;
  s.coarse = 1;
  s.range_log2 = range_log2;
  return s;
}

// A tensor with its data, and the passes in order.
struct Tensor {
  bool weight;
  std::vector<int32_t> master;
  std::vector<int16_t> momentum;
  std::vector<int64_t> grad;
  int grad_exp = -30;
  uint32_t number = 5;
  int exp = 0, range = 0;

  Tensor(bool weight_, size_t count) : weight(weight_), master(count), momentum(count), grad(count) {}
  // In `parts` runs of elements, each a multiple of 4.
  void step(const SgdStep& s, int64_t part = INT64_MAX / 2) {
    const int64_t count = static_cast<int64_t>(master.size());
    const SgdTensor p{count, master.data(), momentum.data(), grad.data(), 0, grad_exp, 0, number};
    uint64_t grad_max = 0, max = 0;
    for (const int64_t g : grad) grad_max = std::max(grad_max, magnitude(g));
    exp = wageubn_exp(p, s, grad_max);
    const auto parts = [&](auto pass) {
      for (int64_t begin = 0; begin < count; begin += part)
        pass(WageubnPass{p, s, weight, exp, range, begin, std::min(count, begin + part)});
    };
    parts([&](const WageubnPass& a) { max = std::max(max, sgd_wageubn_max_reference(a)); });
    range = nearest_log2(max);
    parts(sgd_wageubn_update_reference);
  }
};

// max |g| = 1024 2^-19: top = -19 + 11 = -8, E = -69, v = g 2^50, R = 2^60. n = 128 g / 1024 = 128 -> 127, 1, -63, 0, exactly. u = 3 m + n =
// 127, 301, -12348, 9; a quarter is 31.75, 75.25, -3087, 2.25. 26 u on the grid 2^-23 is 52 u in units of 2^-24.
TEST(SgdWageubn, WeightsByHand) {
  Tensor t(true, 4);
  t.master = {1000000, 0, -4, 16777214};
  t.momentum = {0, 100, -4095, 3};
  t.grad = {1024, 8, -504, 0};
  t.grad_exp = -19;
  t.step(paper_step(3, 26, 7));
  EXPECT_EQ(t.exp, -69);
  EXPECT_EQ(t.range, 60);
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{32, 75, -3087, 2}));
  EXPECT_EQ(t.master, (std::vector<int32_t>{1000000 - 6604, -15652, -4 + 642096, 16777214 - 468}));
}

// R is the nearest power of two: of 1400 (2^10.45) it is 1024, and 175 is clipped to 127; with dr = 2 what is left is the sign.
TEST(SgdWageubn, TheRangeClipsByHand) {
  Tensor t(true, 3);
  t.grad = {1400, -16, -1400};
  t.step(paper_step(0, 1, 7));
  EXPECT_EQ(t.master, (std::vector<int32_t>{-254, 4, 254}));
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{32, 0, -32})) << "31.75 and -0.5";
  t = Tensor(true, 3);
  t.grad = {1400, 0, -1400};
  t.step(paper_step(0, 1, 1));
  EXPECT_EQ(t.master, (std::vector<int32_t>{-2, 0, 2}));
}

// Direct quantization to 2^-14: 3 and -3 at 2^-15 are ties, both to even; 1 is half a step, to 0. R and dr are not used.
TEST(SgdWageubn, OthersByHand) {
  Tensor t(false, 4);
  t.master = {1 << 24, 0, 0, 0};
  t.grad = {3, 1, -3, 40};
  t.grad_exp = -15;
  t.step(paper_step(3, 26, 7));
  EXPECT_EQ(t.master, (std::vector<int32_t>{(1 << 24) - 104, 0, 104, -1040}));
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{0, 0, 0, 5})) << "half a step is even at 0";
}

// Decay 2^-10: of W = 1/2 it is 2^-11, at E = -24 - 19 + 35 - 61 = -69 2^58. It is R, so n = 128 -> 127, and 64 of W = 1/4. The third
// gradient, -2^-11, cancels it.
TEST(SgdWageubn, DecayByHand) {
  Tensor t(true, 3);
  t.master = {1 << 23, 1 << 22, 1 << 23};
  t.grad = {0, 0, -(1 << 19)};
  SgdStep s = paper_step(0, 1, 7);
  s.decay = {512, -19};
  t.step(s);
  EXPECT_EQ(t.exp, -69);
  EXPECT_EQ(t.range, 58);
  EXPECT_EQ(t.master, (std::vector<int32_t>{(1 << 23) - 254, (1 << 22) - 128, 1 << 23}));
}

// u = 3 4095 + 16383 is clipped to 16383, a quarter of it to 4095. 511 u = 0.998 (1 - 2^-14) of W.
TEST(SgdWageubn, ClipsAtTheEnds) {
  Tensor t(false, 4);
  t.master = {1 << 24, -(1 << 24), wageubn_most(false, 1), -wageubn_most(false, 1)};
  t.momentum = {4095, 4095, -4095, 4095};
  t.grad = {16384, 20000, -16384, 16384};
  t.grad_exp = -14;
  t.step(paper_step(3, 511, 7));
  EXPECT_EQ(t.master, (std::vector<int32_t>{16777216 - 16743426, -33520642, 33554430, -33554430}));
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{4095, 4095, -4095, 4095}));
  EXPECT_EQ(wageubn_most(true, 1), 16777214);
  Tensor w(true, 2);
  w.master = {16777214, -16777214};
  w.grad = {-128, 128};
  w.step(paper_step(0, 511, 7));
  EXPECT_EQ(w.master, (std::vector<int32_t>{16777214, -16777214}));
}

Tensor random_tensor(uint64_t seed, size_t count, const SgdStep& s) {
  Rng rng(seed);
  Tensor t(seed % 3 != 0, count);
  t.grad_exp = static_cast<int>(rng.range(-45, -15));
  const int width = static_cast<int>(rng.range(1, 40));
  const int32_t most = wageubn_most(t.weight, s.coarse), m_most = static_cast<int32_t>(quantize_limit(s.momentum_bits));
  for (size_t i = 0; i < count; ++i) {
    t.master[i] = static_cast<int32_t>(clamp(rng.any_width(25), -most, most)) >> s.coarse << s.coarse;
    t.momentum[i] = static_cast<int16_t>(rng.range(-m_most, m_most));
    t.grad[i] = rng.any_width(width);
  }
  return t;
}

SgdStep random_step(uint64_t seed) {
  Rng rng(seed + 1000);
  SgdStep s =
      paper_step(static_cast<int>(rng.range(0, 3)), static_cast<int>(rng.range(1, 511)), static_cast<int>(rng.range(1, 8)));
  s.seed = seed;
  if (seed % 2 == 0) s.decay = {static_cast<int32_t>(rng.range(512, 1023)), static_cast<int32_t>(rng.range(-26, -14))};
  return s;
}

// n is off by less than one (half, where direct) of its steps 2^-14, and so is u; m by a quarter of that and half of its own; W by the
// rate times what u is. In real numbers v is exact: 2^-60 of the largest.
TEST(SgdWageubn, OneStepIsWithinItsBoundOfFloat) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const SgdStep s = random_step(seed);
    Tensor t = random_tensor(seed, 61, s);
    if (!t.weight) t.grad_exp -= 10;
    const SgdStep mine = [&] {
      SgdStep with = s;
      if (!t.weight) with.decay = {};
      return with;
    }();
    const Tensor before = t;
    t.step(mine);
    std::vector<double> v;
    for (size_t i = 0; i < t.grad.size(); ++i)
      v.push_back(std::ldexp(static_cast<double>(before.grad[i]), before.grad_exp) +
                  std::ldexp(static_cast<double>(mine.decay.mantissa) * before.master[i], mine.decay.exp - 24));
    double max = 0;
    for (const double x : v) max = std::max(max, std::fabs(x));
    if (max == 0) continue;
    const double range = std::exp2(std::nearbyint(std::log2(max))), dr = std::exp2(s.range_log2);
    const double n_error = t.weight ? 1.000001 : 0.500001, most = wageubn_most(t.weight, s.coarse);
    for (size_t i = 0; i < v.size(); ++i) {
      const double n =
          t.weight ? std::clamp(dr * v[i] / range, 1 - dr, dr - 1) : std::clamp(std::ldexp(v[i], 14), -16383.0, 16383.0);
      const double u = std::clamp(s.mom.mantissa * before.momentum[i] + n, -16383.0, 16383.0);
      ASSERT_LE(std::fabs(t.momentum[i] - std::clamp(u / 4, -4095.0, 4095.0)), n_error / 4 + 0.5) << "m, seed " << seed;
      const double w = std::clamp(before.master[i] - 2 * s.rate.mantissa * u, -most, most);
      ASSERT_LE(std::fabs(t.master[i] - w), 2 * s.rate.mantissa * n_error) << "W, seed " << seed;
      ASSERT_EQ(t.master[i] % 2, 0) << "on the stored grid";
    }
  }
}

// The mean over many elements with the same values (element 0 sets the range) is that of real numbers, within 5 deviations of a mean of
// roundings that each deviate by half a step at most.
TEST(SgdWageubn, IsUnbiased) {
  for (int range_log2 : {1, 3, 5, 7}) {
    const size_t n = 20000;
    Tensor t(true, n + 1);
    std::fill(t.grad.begin(), t.grad.end(), -777);
    t.grad[0] = 1 << 15;
    t.step(paper_step(2, 26, range_log2));
    double sum = 0;
    for (size_t i = 1; i <= n; ++i) sum += t.master[i];
    const double want = 52 * std::ldexp(777, range_log2 - 15);
    EXPECT_NEAR(sum / n, want, 5 * 52 * 0.5 / std::sqrt(n)) << range_log2;
  }
}

TEST(SgdWageubn, PartsAndMagnitudesDoNotShow) {
  for (uint64_t seed : {1u, 2u, 4u}) {
    SgdStep s = random_step(seed);
    s.decay = {};
    Tensor whole = random_tensor(seed, 103, s), parts = whole, scaled = whole, other = whole;
    ASSERT_TRUE(whole.weight);
    whole.step(s);
    parts.step(s, 8);
    EXPECT_EQ(whole.master, parts.master);
    EXPECT_EQ(whole.momentum, parts.momentum);
    scaled.grad_exp += 7;
    for (int64_t& g : scaled.grad) g *= 16;
    scaled.step(s);
    EXPECT_EQ(whole.master, scaled.master) << "constant quantization forgets the magnitude";
    ++other.number;  // other random bits
    other.step(s);
    EXPECT_NE(whole.master, other.master);
  }
}

}  // namespace
}  // namespace intrain::ops
