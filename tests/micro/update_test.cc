// The optimizer of src/micro/ against the reference: tensors of any exponents, with and without momentum and decay, zeros and ties among the numbers.
#include "micro/update.h"

#include <gtest/gtest.h>

#include "ops/sgd_momentum/update.h"
#include "support/rng.h"

namespace intrain::test {
namespace {

struct Learned {
  std::vector<int32_t> master;
  std::vector<int16_t> momentum;
  std::vector<int64_t> grad;
  ops::SgdTensor tensor(int momentum_exp, int grad_exp, int grad_bits, bool keeps) {
    return {static_cast<int64_t>(master.size()),
            master.data(),
            keeps ? momentum.data() : nullptr,
            grad.data(),
            keeps ? momentum_exp : 0,
            grad_exp,
            grad_bits,
            5};
  }
};

TEST(MicroUpdate, AsTheReference) {
  constexpr int64_t kMostNarrow = INT32_MAX;
  Rng rng(1);
  int compared_narrow = 0;
  for (int i = 0; i < 600; ++i) {
    const Fill fill = kAllFills[i % std::size(kAllFills)];
    const int64_t count = rng.range(1, 40);
    // Beyond what fits 32 bits, too.
    const int64_t most = i % 7 == 1 ? kMostNarrow : int64_t{1} << rng.range(0, i % 3 == 0 ? 40 : 30);
    Learned expected{random_vector<int32_t>(rng, fill, count, -INT32_MAX >> (i % 12), INT32_MAX >> (i % 12)),
                     random_vector<int16_t>(rng, fill, count, -32767, 32767),
                     random_vector<int64_t>(rng, fill, count, -most, most)};
    for (int64_t zero = rng.range(0, 3); zero < count; zero += 3)
      expected.grad[static_cast<size_t>(zero)] = expected.momentum[static_cast<size_t>(zero)] = 0;
    Learned actual = expected;
    const bool keeps = i % 4 != 0;
    SgdStep step{.rate = {static_cast<int32_t>(rng.range(0, 1023)), static_cast<int32_t>(rng.range(-30, -5))},
                 .mom = keeps ? Scalar10{static_cast<int32_t>(rng.range(0, 1023)), -10} : Scalar10{},
                 .decay = i % 5 == 0
                              ? Scalar10{}
                              : Scalar10{static_cast<int32_t>(rng.range(1, 1023)), static_cast<int32_t>(rng.range(-40, -14))},
                 .seed = rng.bits() >> 8,
                 .step = static_cast<uint32_t>(i)};
    const int momentum_exp = static_cast<int>(rng.range(-50, -10)), grad_exp = static_cast<int>(rng.range(-45, -5));
    const int grad_bits = i % 2 == 0 ? 8 : 16;
    Learned wide = actual;
    const std::vector<int64_t> sums = wide.grad;
    std::vector<int32_t> scratch(sums.size(), 77), narrow(sums.begin(), sums.end());
    const int exp = ops::sgd_reference(expected.tensor(momentum_exp, grad_exp, grad_bits, keeps), step, ParameterRole::kWeight);
    const auto check = [&](int actual_exp, const Learned& learned) {
      ASSERT_EQ(actual_exp, exp) << i;
      ASSERT_EQ(learned.master, expected.master) << i;
      if (keeps) ASSERT_EQ(learned.momentum, expected.momentum) << i;
    };
    check(micro::update_parameters(wide.tensor(momentum_exp, grad_exp, grad_bits, keeps), step, sums.data(), scratch.data()),
          wide);
    if (most > kMostNarrow) continue;
    check(micro::update_parameters(actual.tensor(momentum_exp, grad_exp, grad_bits, keeps), step, nullptr, narrow.data()),
          actual);

    ++compared_narrow;
  }
  EXPECT_GT(compared_narrow, 400);
}

}  // namespace
}  // namespace intrain::test
