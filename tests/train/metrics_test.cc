#include "train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "checkpoint/signature.h"

namespace intrain {
namespace {

TEST(Metrics, LossAndHits) {
  // Logits 1, 0 and -1 (exponent -4), then a tie whose first place is the label's.
  const int32_t logits[] = {16, 0, -16, 5, 5, 0};
  const int32_t labels[] = {1, 0};
  const Metrics m = measure(logits, -4, 2, 3, labels);
  EXPECT_EQ(m.count, 2);
  EXPECT_EQ(m.hits, 1);
  const double first = std::log(std::exp(1.0) + 1 + std::exp(-1.0));
  const double second = std::log(2 + std::exp(-5.0 / 16));
  EXPECT_EQ(image_loss(logits, -4, 3, 1), first);
  EXPECT_NEAR(image_loss(logits + 3, -4, 3, 0), second, 1e-15);
  // Each is rounded to 2^-20, and then they are added.
  const auto rounded = [](double loss) { return std::llround(std::ldexp(loss, 20)); };
  EXPECT_EQ(m.loss, rounded(first) + rounded(second));
  EXPECT_EQ(m.mean_loss(), std::ldexp(static_cast<double>(m.loss), -20) / 2);
  EXPECT_EQ(m.accuracy(), 0.5);
}

TEST(Metrics, TopFive) {
  // Four before the label's; five; the label's is the first of three equal ones behind three; the last of them.
  const int32_t logits[] = {9, 8, 7, 6, 5, 4, 3,  //
                            9, 8, 7, 6, 5, 4, 3,  //
                            9, 8, 7, 5, 5, 5, 1,  //
                            9, 8, 7, 5, 5, 5, 1};
  const int32_t labels[] = {4, 5, 3, 5};
  const Metrics m = measure(logits, 0, 4, 7, labels);
  EXPECT_EQ(m.hits, 0);
  EXPECT_EQ(m.top5_hits, 2);
  EXPECT_EQ(m.top5_accuracy(), 0.5);
}

TEST(Metrics, TopClasses) {
  const int32_t logits[] = {-16, 32, 0, 32};  // -1, 2, 0, 2
  const std::vector<ClassScore> top = top_classes(logits, -4, 4, 3);
  ASSERT_EQ(top.size(), 3u);
  const double sum = 2 + std::exp(-2.0) + std::exp(-3.0);
  const int labels[] = {1, 3, 2};
  const double shares[] = {1 / sum, 1 / sum, std::exp(-2.0) / sum};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(top[i].label, labels[i]);
    EXPECT_EQ(top[i].logit, logits[labels[i]]);
    EXPECT_NEAR(top[i].probability, shares[i], 1e-15);
  }
  EXPECT_EQ(top_classes(logits, -4, 4, 100).size(), 4u);
  const int32_t far[] = {INT32_MIN, INT32_MAX};
  EXPECT_EQ(top_classes(far, 0, 2, 2)[0].probability, 1);
  EXPECT_EQ(top_classes(far, 0, 2, 2)[1].probability, 0);
}

TEST(Metrics, LargeLogitsStayFinite) {
  const int32_t logits[] = {INT32_MAX, INT32_MIN};
  const int32_t label = 1;
  const Metrics m = measure(logits, 0, 1, 2, &label);
  EXPECT_EQ(image_loss(logits, 0, 2, label), 4294967295.0);
  EXPECT_EQ(m.loss, kMostLoss);
  EXPECT_EQ(m.hits, 0);
}

TEST(Metrics, RunningMean) {
  RunningMean mean(2);
  for (double v : {1.0, 3.0}) mean.add(v);
  EXPECT_EQ(mean.value(), 2);
  mean.add(4);
  EXPECT_EQ(mean.value(), 3);
}

TEST(Signature, CoversNamesValuesAndStep) {
  int32_t values[] = {1, 2, 3};
  std::vector<StateArray> state = {{"a", ElementType::kS32, 3, values}};
  const uint64_t signature = state_signature(state, 5);
  EXPECT_EQ(state_signature(state, 5), signature);
  EXPECT_NE(state_signature(state, 6), signature);
  values[2] = 4;
  EXPECT_NE(state_signature(state, 5), signature);
  values[2] = 3;
  state[0].name = "b";
  EXPECT_NE(state_signature(state, 5), signature);
  EXPECT_EQ(signature_text(0xABC), "0000000000000abc");
}

}  // namespace
}  // namespace intrain
