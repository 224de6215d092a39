// The optimizer as a whole: ops/sgd_momentum has tests of its own for the arithmetic.
#include "optim/sgd.h"

#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <numeric>

#include "base/formats.h"
#include "ops/kernels.h"
#include "ops/sgd_momentum/update.h"
#include "optim/schedule.h"
#include "support/isas.h"
#include "support/oracle.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr Scalar10 kNineTenths{922, -10};
const ops::Kernels kKernels = ops::make_kernels(Isa::kScalar);

// A parameter with memory of its own.
struct TestParameter : Parameter {
  TestParameter(int count, int bits)
      : masters(static_cast<size_t>(count)), momenta(static_cast<size_t>(count)), values(static_cast<size_t>(count)) {
    name = "p" + std::to_string(count);
    shape = {count};
    if (bits == 8) shape.push_back(1);  // W
    grad_bits = bits;
    take();
  }
  TestParameter(const TestParameter& other)
      : Parameter(other), masters(other.masters), momenta(other.momenta), values(other.values) {
    take();
  }
  void take() {
    master = masters;
    momentum = momenta;
    grad = values;
  }
  std::vector<int32_t> masters;
  std::vector<int16_t> momenta;
  std::vector<int64_t> values;
};

// Parameters of lengths around the optimizer's blocks of 4096, three steps on random gradients.
std::vector<TestParameter> run_random_steps(Isa isa, int threads, SgdStep sgd) {
  std::vector<TestParameter> list;
  for (int count : {1, 3, 4095, 4096, 4097, 8192, 20001}) list.push_back(TestParameter(count, count % 2 == 0 ? 8 : 16));
  for (size_t i = 0; i < list.size(); ++i) list[i].number = static_cast<uint32_t>(i);
  const ops::Kernels kernels = ops::make_kernels(isa);
  ThreadPool pool(threads, threads);
  Rng rng(1);
  for (Parameter& p : list) fill(rng, Fill::kUniform, p.master.data(), p.count(), 2 - (1 << 24), (1 << 24) - 2);
  for (uint32_t step = 0; step < 3; ++step) {
    for (Parameter& p : list) {
      p.grad_exp = static_cast<int>(rng.range(-50, -10));
      for (int64_t& g : p.grad) g = rng.any_width(40);
    }
    sgd.step = step;
    for (Parameter& p : list) sgd_update(p, sgd, kernels, pool);
  }
  return list;
}

bool same(const std::vector<TestParameter>& a, const std::vector<TestParameter>& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].masters != b[i].masters || a[i].momenta != b[i].momenta || a[i].momentum_exp != b[i].momentum_exp) return false;
  return true;
}

class SgdEquality : public IsaTest {};
INTRAIN_FOR_ALL_ISAS(SgdEquality);

TEST_P(SgdEquality, ThreadsAndIsaDoNotShow) {
  SgdStep wageubn{{26, -9}, {3, -2}, round_scalar10(1, -13), 1, 0};
  wageubn.momentum_bits = 13;
  wageubn.coarse = 1;
  wageubn.range_log2 = 7;
  const SgdStep momentum{round_scalar10(51, -10), kNineTenths, round_scalar10(1, -13), 1, 0};
  SgdStep nesterov = momentum;
  nesterov.nesterov = nesterov.decay_weights = true;
  EXPECT_FALSE(same(run_random_steps(Isa::kScalar, 1, nesterov), run_random_steps(Isa::kScalar, 1, momentum)));
  for (SgdStep sgd : {momentum, nesterov, wageubn}) {
    const std::vector<TestParameter> one = run_random_steps(Isa::kScalar, 1, sgd);
    for (int threads : {1, 2, 3, 5}) EXPECT_TRUE(same(run_random_steps(isa(), threads, sgd), one)) << threads << " threads";
    sgd.seed = 2;
    EXPECT_FALSE(same(run_random_steps(isa(), 1, sgd), one)) << "the seed shows";
    if (sgd.range_log2 > 0)
      for (const Parameter& p : one) EXPECT_EQ(p.momentum_exp, -12);
  }
}

// Decay 2^-4 of W = 1/2, without a gradient, is the largest: n = 127. gamma stays, and moves by 26 / 512 of its gradient 2^-4.
TEST(SgdWageubn, OnlyWeightsDecay) {
  TestParameter w(4, 8), gamma(4, 16);
  SgdStep step{{26, -9}, {0, -2}, round_scalar10(1, -4), 1, 0};
  step.momentum_bits = 13;
  step.coarse = 1;
  step.range_log2 = 7;
  ThreadPool pool(1);
  for (Parameter* p : {static_cast<Parameter*>(&w), static_cast<Parameter*>(&gamma)}) {
    std::fill(p->master.begin(), p->master.end(), 1 << 23);
    p->grad_exp = -14;
    sgd_update(*p, step, kKernels, pool);
  }
  EXPECT_EQ(w.masters, std::vector<int32_t>(4, (1 << 23) - 52 * 127)) << "R = 2^-5 = 1/2 of 2^-4";
  EXPECT_EQ(gamma.masters, std::vector<int32_t>(4, 1 << 23));
  std::fill(gamma.grad.begin(), gamma.grad.end(), 1 << 10);
  gamma.grad_exp = -14;
  sgd_update(gamma, step, kKernels, pool);
  EXPECT_EQ(gamma.masters, std::vector<int32_t>(4, (1 << 23) - (52 << 10)));
}

TEST(Sgd, DecayLeavesGammaAlone) {
  SgdStep step{{512, -10}, {}, {256, -10}, 1, 1};
  ThreadPool pool(1);
  for (const bool weights_alone : {false, true}) {
    step.decay_weights = weights_alone;
    TestParameter w(4, 8), gamma(4, 16);
    for (Parameter* p : {static_cast<Parameter*>(&w), static_cast<Parameter*>(&gamma)}) {
      std::fill(p->master.begin(), p->master.end(), 1 << 24);
      sgd_update(*p, step, kKernels, pool);
    }
    EXPECT_EQ(w.masters, std::vector<int32_t>(4, (1 << 24) - (1 << 21)));
    EXPECT_EQ(gamma.masters, std::vector<int32_t>(4, (1 << 24) - (weights_alone ? 0 : 1 << 21)));
  }
}

TEST(Sgd, BlocksDoNotShow) {
  constexpr int kCount = 10001;
  TestParameter p(kCount, 8);
  Rng rng(2);
  fill(rng, Fill::kUniform, p.master.data(), kCount, -(1 << 24), 1 << 24);
  fill(rng, Fill::kUniform, p.grad.data(), kCount, -(1 << 30), 1 << 30);
  p.grad_exp = -36;
  TestParameter whole = p;
  const SgdStep step{round_scalar10(51, -10), kNineTenths, round_scalar10(1, -13), 5, 6};
  ThreadPool pool(1);
  sgd_update(p, step, kKernels, pool);

  const ops::SgdTensor tensor{kCount, whole.master.data(), whole.momentum.data(), whole.grad.data(), whole.momentum_exp, -36, 8,
                              0};
  ops::SgdPass pass{tensor, step, {}, 0, 0, kCount};
  pass.scale = ops::sgd_scale(tensor, step, ops::sgd_grad_max_reference({tensor.grad, 0, kCount}));
  pass.shift = quantize_shift(ops::sgd_max_reference(pass), 16);
  ops::sgd_update_reference(pass);
  EXPECT_EQ(p.masters, whole.masters);
  EXPECT_EQ(p.momenta, whole.momenta);
}

// The maximum of the gradient may be known before; that of W is known after.
TEST_P(SgdEquality, MaximaAreHandedOn) {
  SgdStep wageubn{{26, -9}, {3, -2}, round_scalar10(1, -13), 1, 0};
  wageubn.momentum_bits = 13;
  wageubn.coarse = 1;
  wageubn.range_log2 = 7;
  const ops::Kernels kernels = ops::make_kernels(isa());
  ThreadPool pool(2, 2);
  for (const SgdStep& step : {SgdStep{round_scalar10(51, -10), kNineTenths, round_scalar10(1, -13), 5, 6}, wageubn}) {
    TestParameter p(10001, 8);
    Rng rng(3);
    fill(rng, Fill::kUniform, p.master.data(), p.count(), 2 - (1 << 24), (1 << 24) - 2);
    fill(rng, Fill::kUniform, p.grad.data(), p.count(), -(1 << 30), 1 << 30);
    p.grad_exp = -36;
    TestParameter known = p;
    known.grad_max = ops::sgd_grad_max_reference({known.grad.data(), 0, known.count()});
    sgd_update(p, step, kernels, pool);
    sgd_update(known, step, kernels, pool);
    EXPECT_EQ(known.masters, p.masters);
    EXPECT_EQ(known.momenta, p.momenta);
    int32_t most = 0;
    for (const int32_t w : p.masters) most = std::max(most, std::abs(w));
    EXPECT_EQ(p.master_max, std::optional<uint32_t>(most));
  }
}

// Whether rough sums tell t' (96 of 127) or not (64).
TEST_P(SgdEquality, ExactSumsFollowWhereRoughOnesDoNotTell) {
  const SgdStep step{{3, 0}, {}, {}, 1, 1};
  ThreadPool pool(1);
  for (const int64_t g : {64, 96}) {
    TestParameter p(3, 8);
    p.grad[1] = g << 20;
    p.grad_exp = -30;
    TestParameter expected = p;
    const ops::SgdTensor tensor{
        3, expected.master.data(), expected.momentum.data(), expected.grad.data(), expected.momentum_exp, -30, 8, 0};
    sgd_update(p, step, ops::make_kernels(isa()), pool);
    EXPECT_EQ(p.momentum_exp, ops::sgd_reference(tensor, step, ParameterRole::kWeight));
    EXPECT_EQ(p.masters, expected.masters);
    EXPECT_EQ(p.momenta, expected.momenta);
  }
}

// W moves as with a momentum of 0 that is kept.
TEST_P(SgdEquality, WithoutMomentumNothingIsKept) {
  const SgdStep step{round_scalar10(51, -10), {}, round_scalar10(1, -13), 5, 6};
  const ops::Kernels kernels = ops::make_kernels(isa());
  ThreadPool pool(2, 2);
  TestParameter kept(10001, 8);
  Rng rng(2);
  fill(rng, Fill::kUniform, kept.master.data(), kept.count(), -(1 << 24), 1 << 24);
  fill(rng, Fill::kUniform, kept.grad.data(), kept.count(), -(1 << 30), 1 << 30);
  kept.grad_exp = -36;
  TestParameter plain = kept;
  plain.momentum = {};
  sgd_update(kept, step, kernels, pool);
  sgd_update(plain, step, kernels, pool);
  EXPECT_EQ(plain.masters, kept.masters);
  EXPECT_EQ(plain.momentum_exp, -64);

  SgdStep with = step, wageubn{{26, -9}, {0, -2}, {}, 1, 0};
  with.mom = kNineTenths;
  wageubn.momentum_bits = 13;
  wageubn.coarse = 1;
  wageubn.range_log2 = 7;
  for (const SgdStep& s : {with, wageubn}) expect_error([&] { sgd_update(plain, s, kernels, pool); }, "keeps none", "momentum");
}

TEST(Sgd, NumbersBeyondTheirFormatsAreRefused) {
  TestParameter p(8, 8);
  ThreadPool pool(1);
  const SgdStep good{round_scalar10(205, -10), kNineTenths, {}, 1, 0};
  const auto refused = [&](const char* setting, const auto& change) {
    SgdStep step = good;
    change(step);
    expect_error([&] { sgd_update(p, step, kKernels, pool); }, "", setting);
  };
  refused("lr", [](SgdStep& s) { s.rate.mantissa = 1024; });
  refused("momentum", [](SgdStep& s) { s.mom.mantissa = -1; });
  refused("weight_decay", [](SgdStep& s) { s.decay.exp = INT_MAX; });
  refused("formats.momentum", [](SgdStep& s) { s.momentum_bits = 17; });
  refused("formats.w_stored", [](SgdStep& s) { s.coarse = 21; });
  refused("formats.g", [](SgdStep& s) { s.range_log2 = -1; });
  refused("nesterov", [](SgdStep& s) { s.nesterov = true, s.mom.exp = -9; });
  refused("nesterov", [](SgdStep& s) { s.nesterov = true, s.range_log2 = 7; });
  refused("bias_lr_log2", [](SgdStep& s) { s.bias_rate_log2 = -1; });
  refused("bias_lr_log2", [](SgdStep& s) { s.bias_rate_log2 = 17; });
  refused("bias_lr_log2", [](SgdStep& s) { s.bias_rate_log2 = 1, s.range_log2 = 7; });
}

// f = sum of 1/2 curvature (w - target)^2 with curvatures from 1/8 to 1 and a rate that falls to zero.
TEST(Sgd, SolvesAQuadraticProblem) {
  constexpr int kCount = 1000;
  constexpr int64_t kSteps = 400;
  TestParameter p(kCount, 8);
  Rng rng(3);
  std::vector<int64_t> target(kCount), curvature(kCount);
  for (int i = 0; i < kCount; ++i) target[i] = rng.range(-(1 << 25), 1 << 25), curvature[i] = rng.range(1, 8);
  const auto distance = [&] {
    double worst = 0;
    for (int i = 0; i < kCount; ++i)
      worst = std::max(worst, std::ldexp(std::abs(static_cast<double>(p.master[i] - target[i])), kMasterExp));
    return worst;
  };
  const double before = distance();
  EXPECT_GT(before, 1.9);
  ThreadPool pool(2);
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear})
    for (const bool nesterov : {false, true}) {
      std::fill(p.masters.begin(), p.masters.end(), 0);
      std::fill(p.momenta.begin(), p.momenta.end(), 0);
      const Schedule schedule{kind, round_scalar10(205, -10), kSteps, 0};
      for (int64_t step = 0; step < kSteps; ++step) {
        for (int i = 0; i < kCount; ++i) p.grad[i] = curvature[i] * (p.master[i] - target[i]);
        p.grad_exp = kMasterExp - 3;
        SgdStep sgd{rate_at(schedule, step), kNineTenths, {}, 1, static_cast<uint32_t>(step)};
        sgd.nesterov = nesterov;
        sgd_update(p, sgd, kKernels, pool);
      }
      std::printf("farthest from the solution: %.4f before, %.3g after\n", before, distance());
      EXPECT_LT(distance(), 2e-5);
    }
}

// Equal elements beside one large one, which sets the scale: single steps are coarse, their mean is that of exact arithmetic.
TEST(Sgd, MeanOfManyElementsFollowsRealArithmetic) {
  constexpr int kCount = 40000;
  TestParameter p(kCount, 8);
  std::fill(p.master.begin(), p.master.end(), 1 << 24);
  ThreadPool pool(1);
  const Scalar10 rate = round_scalar10(51, -10), decay = round_scalar10(1, -7);
  const double rate_real = std::ldexp(rate.mantissa, rate.exp), decay_real = std::ldexp(decay.mantissa, decay.exp);
  double w = 1, m = 0;
  for (uint32_t step = 0; step < 10; ++step) {
    std::fill(p.grad.begin(), p.grad.end(), 300);  // 0.3 of a step of G
    p.grad[0] = 100000;
    p.grad_exp = -16;
    sgd_update(p, {rate, kNineTenths, decay, 9, step}, kKernels, pool);
    m = 922.0 / 1024 * m + std::ldexp(300, -16) + decay_real * w;
    w -= rate_real * m;
  }
  const std::vector<double> master = to_real(p.masters, kMasterExp);
  const double mean = std::accumulate(master.begin() + 1, master.end(), 0.0) / (kCount - 1);
  double spread = 0;
  for (size_t i = 1; i < master.size(); ++i) spread += (master[i] - mean) * (master[i] - mean) / (kCount - 1);
  std::printf("mean %.8f, real %.8f, deviation of one element %.2g\n", mean, w, std::sqrt(spread));
  EXPECT_NEAR(mean, w, 5 * std::sqrt(spread / kCount));
  EXPECT_LT(std::sqrt(spread / kCount), (1 - w) / 100) << "the bound above means something";
}

}  // namespace
}  // namespace intrain::test
