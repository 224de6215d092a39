#include "data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace intrain {
namespace {

// 95 samples of class 0, 5 of class 2; class 1 has none.
std::vector<uint16_t> rare_labels() {
  std::vector<uint16_t> labels(100);
  for (size_t i = 0; i < 5; ++i) labels[i * 20 + 3] = 2;
  return labels;
}

std::vector<int32_t> balanced(uint64_t seed, uint32_t epoch, const std::vector<uint16_t>& labels) {
  std::vector<int32_t> order(labels.size());
  balance_epoch(seed, epoch, labels, 3, order);
  return order;
}

TEST(Sampler, TheOrderOfAnEpochIsAsItWas) {
  std::vector<int32_t> order(8);
  shuffle_epoch(7, 2, order);
  EXPECT_EQ(order, (std::vector<int32_t>{2, 3, 7, 1, 0, 4, 6, 5}));
}

TEST(Sampler, ABalancedEpochHoldsAllClassesAlike) {
  const std::vector<uint16_t> labels = rare_labels();
  for (const uint32_t epoch : {0u, 1u, 17u}) {
    const std::vector<int32_t> order = balanced(3, epoch, labels);
    std::vector<int> shown(labels.size());
    int rare = 0, rare_in_the_first_half = 0;
    for (size_t j = 0; j < order.size(); ++j) {
      ++shown[static_cast<size_t>(order[j])];
      const bool is_rare = labels[static_cast<size_t>(order[j])] == 2;
      rare += is_rare;
      rare_in_the_first_half += is_rare && j < 50;
    }
    EXPECT_EQ(rare, 50);
    EXPECT_GT(rare_in_the_first_half, 10);
    EXPECT_LT(rare_in_the_first_half, 40);
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == 2)
        EXPECT_EQ(shown[i], 10);
      else
        EXPECT_LE(shown[i], 1);
    }
  }
}

TEST(Sampler, ABalancedOrderIsAFunctionOfSeedAndEpoch) {
  const std::vector<uint16_t> labels = rare_labels();
  EXPECT_EQ(balanced(3, 1, labels), balanced(3, 1, labels));
  EXPECT_NE(balanced(3, 1, labels), balanced(4, 1, labels));
  EXPECT_NE(balanced(3, 1, labels), balanced(3, 2, labels));
  // Over the epochs every sample is seen, and what is left of an odd length goes round.
  std::vector<uint16_t> odd(101, 0);
  for (size_t i = 0; i < 50; ++i) odd[i] = 1;
  std::vector<int> shown(odd.size());
  int64_t ones = 0;
  for (uint32_t epoch = 0; epoch < 10; ++epoch)
    for (const int32_t sample : balanced(3, epoch, odd)) {
      ++shown[static_cast<size_t>(sample)];
      ones += odd[static_cast<size_t>(sample)];
    }
  EXPECT_EQ(ones, 505);
  EXPECT_GT(*std::min_element(shown.begin(), shown.end()), 0);
}

}  // namespace
}  // namespace intrain
