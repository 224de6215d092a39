#include "analysis/mistakes.h"

#include <gtest/gtest.h>

#include <cmath>

namespace intrain {
namespace {

// Logits of two classes by hand, value = logit: the loss of a wrong one is log(1 + exp(difference)).
Evaluation evaluation_of(const std::vector<std::vector<int32_t>>& logits, const std::vector<uint16_t>& labels) {
  Evaluation result{};
  for (size_t i = 0; i < logits.size(); ++i) {
    const int32_t label = labels[i];
    const int classes = static_cast<int>(logits[i].size());
    const ClassScore first = top_classes(logits[i].data(), 0, classes, 1)[0];
    result.predicted.push_back(first.label);
    result.probabilities.push_back(first.probability);
    result.losses.push_back(image_loss(logits[i].data(), 0, classes, label));
  }
  return result;
}

TEST(Mistakes, TheWorstComeFirst) {
  const std::vector<uint16_t> labels = {0, 0, 1, 1, 0, 1};
  // Wrong by 2; right; wrong by 5; right, if barely; wrong by 2; wrong, as the first of equal ones counts.
  const Evaluation result = evaluation_of({{0, 2}, {9, 0}, {6, 1}, {0, 1}, {-1, 1}, {3, 3}}, labels);
  const std::vector<Mistake> all = worst_mistakes(result, labels, 10);
  ASSERT_EQ(all.size(), 4u);
  const size_t order[] = {2, 0, 4, 5};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(all[i].image, order[i]);
  EXPECT_EQ(all[0].label, 1);
  EXPECT_EQ(all[0].predicted, 0);
  EXPECT_NEAR(all[0].loss, std::log(1 + std::exp(5)), 1e-12);
  EXPECT_NEAR(all[0].probability, 1 / (1 + std::exp(-5)), 1e-12);
  EXPECT_NEAR(all[3].probability, 0.5, 1e-12);
  EXPECT_EQ(worst_mistakes(result, labels, 2).size(), 2u);
  EXPECT_EQ(worst_mistakes(result, labels, 2)[1].image, 0u);
  EXPECT_TRUE(worst_mistakes(evaluation_of({{1, 0}}, {0}), {0}, 5).empty());
}

}  // namespace
}  // namespace intrain
