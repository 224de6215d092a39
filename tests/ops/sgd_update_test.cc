// A whole update by either optimizer; its passes have tests of their own.
#include <gtest/gtest.h>

#include <vector>

#include "base/formats.h"
#include "ops/sgd_momentum/update.h"

namespace intrain::ops {
namespace {

struct SmallTensor {
  std::vector<int32_t> master;
  std::vector<int16_t> momentum;
  std::vector<int64_t> grad;
  int momentum_exp, grad_exp, grad_bits;
  operator SgdTensor() {
    return {
        static_cast<int64_t>(master.size()), master.data(), momentum.data(), grad.data(), momentum_exp, grad_exp, grad_bits, 5};
  }
};

// The numbers of Sgd.ByHand: max |g| = 1000 in 8 bits, t = 3, E = -49; max |v| = 125 2^33, t' = 25.
TEST(SgdUpdate, ByHand) {
  SmallTensor t{{1000000, 0, -5}, {0, 0, 0}, {1000, 8, -504}, -20, -19, 8};
  const SgdStep step{{3, 0}, {0, 0}, {0, 0}, 1, 1};
  SgdPass pass = sgd_pass(t, step, 1000);
  EXPECT_EQ(pass.scale.grad_shift, 3);
  EXPECT_EQ(pass.scale.exp, -49);
  EXPECT_EQ(pass.begin, 0);
  EXPECT_EQ(pass.end, 3);
  pass.shift = sgd_shift(pass, uint64_t{125} << 33);
  EXPECT_EQ(pass.shift, 25);
  EXPECT_EQ(sgd_momentum_exp(pass), -24);
  EXPECT_EQ(sgd_reference(t, step, ParameterRole::kWeight), -24);
  EXPECT_EQ(t.momentum, (std::vector<int16_t>{32000, 256, -16128}));
  EXPECT_EQ(t.master, (std::vector<int32_t>{1000000 - 96000, -768, -5 + 48384}));
}

// The same without memory for a momentum: that of 0 is not read.
TEST(SgdUpdate, ByHandWithoutMomentum) {
  SmallTensor t{{1000000, 0, -5}, {}, {1000, 8, -504}, -20, -19, 8};
  SgdTensor tensor = t;
  tensor.momentum = nullptr;
  EXPECT_EQ(sgd_reference(tensor, {{3, 0}, {0, 0}, {0, 0}, 1, 1}, ParameterRole::kWeight), -24);
  EXPECT_EQ(t.master, (std::vector<int32_t>{1000000 - 96000, -768, -5 + 48384}));
}

// As Sgd.MomentumAndDecayByHand, without a momentum: of W = 1 a quarter, times 1/2; gamma stays with decay_weights.
TEST(SgdUpdate, DecayOfWeightsAlone) {
  SgdStep step{{512, -10}, {0, 0}, {256, -10}, 1, 1};
  for (const bool weights_alone : {false, true}) {
    step.decay_weights = weights_alone;
    for (const ParameterRole role : {ParameterRole::kWeight, ParameterRole::kScale, ParameterRole::kBias}) {
      SmallTensor t{{1 << 24}, {0}, {0}, -20, -19, 8};
      sgd_reference(t, step, role);
      EXPECT_EQ(t.master[0], (1 << 24) - (role == ParameterRole::kWeight || !weights_alone ? 1 << 21 : 0)) << weights_alone;
    }
  }
}

// The same step, and four times as large for beta and biases.
TEST(SgdUpdate, RateOfBiases) {
  SgdStep step{{512, -10}, {0, 0}, {256, -10}, 1, 1};
  step.bias_rate_log2 = 2;
  for (const ParameterRole role : {ParameterRole::kWeight, ParameterRole::kScale, ParameterRole::kBias}) {
    SmallTensor t{{1 << 24}, {0}, {0}, -20, -19, 8};
    sgd_reference(t, step, role);
    EXPECT_EQ(t.master[0], (1 << 24) - (role == ParameterRole::kBias ? 1 << 23 : 1 << 21));
  }
}

TEST(SgdUpdateDeathTest, NesterovTakesAMomentumBelowOne) {
  SgdStep step{{512, -10}, {512, -9}, {}, 1, 1};
  step.nesterov = true;
  SmallTensor t{{0}, {0}, {0}, 0, -14, 8};
  EXPECT_DEATH(sgd_pass(t, step, 1), "");
}

// Decay 2^-4 of W = 1/2 without a gradient: v is the largest there is, n = 127. gamma does not decay.
TEST(SgdUpdate, WageubnByHand) {
  SgdStep step{{26, -9}, {0, -2}, {512, -13}, 1, 0};
  step.momentum_bits = 13;
  step.coarse = 1;
  step.range_log2 = 7;
  EXPECT_TRUE(takes_wageubn(step));
  EXPECT_FALSE(takes_wageubn({}));
  for (const bool weight : {true, false}) {
    SmallTensor t{std::vector<int32_t>(4, 1 << 23), std::vector<int16_t>(4), std::vector<int64_t>(4), 0, -14, 8};
    const WageubnPass pass = wageubn_pass(t, step, weight, 0);
    EXPECT_EQ(pass.exp, weight ? kMasterExp - 13 + 35 - 61 : -14 - 61);
    EXPECT_EQ(pass.step.decay.mantissa, weight ? 512 : 0);
    EXPECT_EQ(sgd_reference(t, step, weight ? ParameterRole::kWeight : ParameterRole::kBias), -12);
    EXPECT_EQ(t.master, std::vector<int32_t>(4, (1 << 23) - (weight ? 52 * 127 : 0)));
  }
  EXPECT_EQ(wageubn_range(12), 4);
}

TEST(SgdUpdateDeathTest, TheRateLiesOnTheStoredGrid) {
  SgdStep step{{26, -9}, {0, -2}, {}, 1, 0};
  step.momentum_bits = 13;
  step.range_log2 = 7;
  step.coarse = 2;  // 13 + 1 + 9 bits after the binary point, and 22 stored
  SmallTensor t{{0}, {0}, {0}, 0, -14, 8};
  EXPECT_DEATH(wageubn_pass(t, step, true, 0), "");
}

}  // namespace
}  // namespace intrain::ops
