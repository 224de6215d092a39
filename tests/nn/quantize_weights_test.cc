// W in 8 bits, from the stored W.
#include "nn/quantize_weights.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

// W on the fixed grid is what rounding to 2^-7 gives, however small its largest is.
TEST(QuantizeWeights, HasAFixedGridIfAsked) {
  Parameter w;
  w.shape = {3, 1};
  std::vector<int32_t> master = {3 << 17, (1 << 17) + (1 << 16), -(1 << 25)};
  w.master = master;
  const ops::Kernels kernels = ops::make_kernels(Isa::kScalar);
  ThreadPool pool(1);
  Widths widths;
  int8_t w8[3];
  EXPECT_EQ(quantize_weights(kernels, pool, w, widths, w8), 19);
  widths.fixed_w = true;
  EXPECT_EQ(quantize_weights(kernels, pool, w, widths, w8), 17);
  EXPECT_EQ(std::vector<int8_t>(w8, w8 + 3), (std::vector<int8_t>{3, 2, -127}));
  widths.w = 6;
  EXPECT_EQ(quantize_weights(kernels, pool, w, widths, w8), 17);
  EXPECT_EQ(std::vector<int8_t>(w8, w8 + 3), (std::vector<int8_t>{4, 0, -124}));
}

// By threads and kernels as by the reference, in chunks as whole, at shifts that kernels do not have.
TEST(QuantizeWeights, IsThatOfTheReference) {
  Parameter w;
  w.shape = {70001, 1};
  Rng rng(1);
  ThreadPool pool(3, 3);
  for (const int width : {9, 31})
    for (const int bits : {2, 5, 8})
      for (const Isa isa : {Isa::kScalar, select_isa()}) {
        auto master =
            random_vector<int32_t>(rng, Fill::kUniform, w.count(), 1 - (int64_t{1} << width), (int64_t{1} << width) - 1);
        w.master = master;
        Widths widths;
        widths.w = bits;
        std::vector<int8_t> got(w.master.size()), want(w.master.size());
        const int t = quantize_weights(ops::make_kernels(isa), pool, w, widths, got.data(), 4, 24);
        EXPECT_EQ(ops::quantize_weights_reference(w.master.data(), w.count(), widths, 4, 24, want.data()), t);
        EXPECT_EQ(got, want) << width << " to " << bits;
      }
}

// Once: after an update.
TEST(QuantizeWeights, TakesTheMaximumThatTheUpdateSaw) {
  ReadyNet ready(cifar_resnet(8, 12, 12, 1, 10), 4);
  const Batch batch = synthetic_batch(4);
  const auto logits = [&] {
    ready.net.evaluate(batch);
    return logits_of(ready.net, 4);
  };
  ready.train(batch, 205, 0);
  Parameter& w = *ready.net.parameters()[0];
  EXPECT_FALSE(w.master_max);
  const std::vector<int32_t> expected = logits();
  ready.net.quantize_parameters();
  EXPECT_EQ(logits(), expected);
  w.master_max = INT32_MAX;
  ready.net.quantize_updated();
  EXPECT_NE(logits(), expected);
  EXPECT_FALSE(w.master_max);
  w.master_max = INT32_MAX;  // of an update that nothing followed
  ready.net.quantize_parameters();
  EXPECT_EQ(logits(), expected);
}

}  // namespace
}  // namespace intrain::test
