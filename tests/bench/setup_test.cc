#include "bench/setup.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "models/models.h"

namespace intrain {
namespace {

TEST(BenchSetup, EveryModelTakesItsImages) {
  for (const std::string& model : model_names()) {
    const BenchInput input = bench_input(model);
    const Net net = build_model(model, input.h, input.w, input.c, input.classes);
    EXPECT_EQ(net.classes(), input.classes) << model;
  }
}

TEST(BenchSetup, RandomBatch) {
  const Batch batch = random_batch({5, 4, 3, 7, 50});
  ASSERT_EQ(batch.images.size(), 50u * 5 * 4 * 3);
  ASSERT_EQ(batch.labels.size(), 50u);
  EXPECT_EQ(*std::min_element(batch.images.begin(), batch.images.end()), -127);
  EXPECT_EQ(*std::max_element(batch.images.begin(), batch.images.end()), 127);
  EXPECT_EQ(*std::min_element(batch.labels.begin(), batch.labels.end()), 0);
  EXPECT_EQ(*std::max_element(batch.labels.begin(), batch.labels.end()), 6);
}

TEST(BenchSetup, Median) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({7}), 7);
}

TEST(BenchSetup, Repeats) {
  const Repeats by_steps{2, 5, 5}, by_time{0, 1, 3};
  EXPECT_FALSE(by_steps.done(1, 100));
  EXPECT_TRUE(by_steps.done(2, 0));
  EXPECT_FALSE(by_time.done(2, 100));
  EXPECT_FALSE(by_time.done(3, 0.5));
  EXPECT_TRUE(by_time.done(3, 1));
  EXPECT_EQ(by_steps.part(1, 0), 0.5);
  EXPECT_EQ(by_time.part(3, 0.5), 0.5);
}

TEST(BenchSetup, Shapes) {
  EXPECT_EQ(shape_text({1, 1, 64, 10, 1, 1, 1, 0, 1, false}), "64 -> 10");
  EXPECT_EQ(shape_text({32, 32, 16, 32, 3, 3, 2, 1, 1, false}), "32x32x16 -> 32, 3x3, stride 2");
  EXPECT_EQ(shape_text({8, 8, 16, 16, 3, 3, 1, 0, 16, false}), "8x8x16 -> 16, 3x3, pad 0, 16 groups");
}

TEST(BenchSetup, OperationsOfAProduct) {
  const ConvShape shape{4, 4, 8, 16, 3, 3, 2, 1, 1, false};  // 2 x 2 outputs
  const double pass = 2.0 * 5 * 4 * 16 * 8 * 9;
  EXPECT_EQ(operations({shape, true}, 5).all(), 3 * pass);
  EXPECT_EQ(operations({shape, false}, 5).all(), 2 * pass);
}

}  // namespace
}  // namespace intrain
