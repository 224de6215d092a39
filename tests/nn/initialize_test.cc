// What the parameters of a new net are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "models/models.h"
#include "ops/kernels.h"
#include "support/nets.h"
#include "support/oracle.h"

namespace intrain::test {
namespace {

TEST(Initialize, StartsOnTheGridOfStoredParameters) {
  Widths widths;
  widths.w_stored = 20;
  Net net = one_of_each();
  net.set_widths(widths);
  ReadyNet ready(std::move(net), 4);
  int64_t others = 0;
  for (const Parameter* p : ready.net.parameters())
    for (int32_t w : p->master) others += w % (1 << 12) != 0;
  EXPECT_EQ(others, 0);
}

TEST(Initialize, IsAFunctionOfTheSeed) {
  ReadyNet a(one_of_each(), 8, {.seed = 3}), b(one_of_each(), 2, {.threads = 2, .seed = 3}), c(one_of_each(), 8, {.seed = 4});
  EXPECT_TRUE(state_of(a.net) == state_of(b.net));
  for (size_t i = 0; i < a.net.parameters().size(); ++i) {
    const Parameter &p = *a.net.parameters()[i], &q = *c.net.parameters()[i];
    const bool fixed = p.initializer == Initializer::kOne || p.initializer == Initializer::kZero;
    EXPECT_EQ(std::ranges::equal(p.master, q.master), fixed) << p.name;
  }
  std::vector<std::vector<int32_t>> masters;
  for (const Parameter* p : a.net.parameters()) masters.emplace_back(p->master.begin(), p->master.end());
  a.train(synthetic_batch(8), 512, 0);
  a.net.initialize(3);
  for (size_t i = 0; i < masters.size(); ++i) {
    const Parameter& p = *a.net.parameters()[i];
    EXPECT_TRUE(std::ranges::equal(p.master, masters[i])) << p.name;
    EXPECT_TRUE(std::ranges::equal(p.momentum, std::vector<int16_t>(p.master.size()))) << p.name;
  }
}

// kHeNormal: deviation sqrt(2 / fan out); kUniform: sqrt(1 / 3 fan in).
TEST(Initialize, HasTheStatedSpread) {
  ReadyNet ready(cifar_resnet(14, 12, 12, 1, 10), 1), plain(mlp(12, 12, 1, 10), 1);
  for (ReadyNet* net : {&ready, &plain})
    for (const Parameter* p : net->net.parameters()) {
      if (p->initializer == Initializer::kOne || p->initializer == Initializer::kZero || p->count() < 500) continue;
      const int64_t fan =
          p->initializer == Initializer::kHeNormal ? int64_t{p->shape[0]} * p->shape[1] * p->shape[2] : p->shape[1];
      const double expected = std::sqrt((p->initializer == Initializer::kHeNormal ? 2.0 : 1.0 / 3) / static_cast<double>(fan));
      double sum = 0, squares = 0;
      for (double w : to_real(p->master, -24)) sum += w, squares += w * w;
      const double n = static_cast<double>(p->count());
      EXPECT_NEAR(std::sqrt(squares / n) / expected, 1, 5 / std::sqrt(2 * n)) << p->name;
      EXPECT_NEAR(sum / n / expected, 0, 5 / std::sqrt(n)) << p->name;
    }
}

// Of a normal number cut at two deviations the deviation is 0.8796 of the whole one's.
TEST(Initialize, IsTruncatedAndClippedInWageubn) {
  Net net = cifar_resnet(14, 12, 12, 1, 10);
  Widths widths;
  widths.fan_in_init = widths.constant_g = true;
  widths.w_stored = 31;
  net.set_widths(widths);
  const auto runtime = std::make_shared<Runtime>(ops::make_kernels(Isa::kScalar), 1);
  net.prepare(1, true, runtime);
  net.initialize(1);
  for (const Parameter* p : net.parameters()) {
    for (const int32_t w : p->master) ASSERT_EQ(w % 2, 0) << p->name;
    if (p->shape.size() != 4) continue;
    const double deviation = 1 / std::sqrt(static_cast<double>(p->count() / p->shape[0]));
    double squares = 0, most = 0;
    for (double w : to_real(p->master, -24)) squares += w * w, most = std::max(most, std::fabs(w));
    EXPECT_LE(most, 2 * deviation * (1 + 1e-6)) << p->name;
    EXPECT_LE(most, 1 - std::exp2(-23)) << p->name;
    if (p->count() < 500) continue;
    EXPECT_GT(most, 1.9 * deviation) << p->name;
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(p->count())) / (0.8796 * deviation), 1,
                5 / std::sqrt(2 * static_cast<double>(p->count())))
        << p->name;
  }
}

}  // namespace
}  // namespace intrain::test
