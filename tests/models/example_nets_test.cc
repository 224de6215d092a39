// The nets of examples/ that others are measured by.
#include <gtest/gtest.h>

#include <string>

#include "models/models.h"
#include "train/whiten.h"

namespace intrain::test {
namespace {

// A 2x2 convolution of 24 filters, then pairs of 3x3 ones with batch norm, and the linear layer.
TEST(ExampleNets, TheSpeedrunsHasItsSize) {
  Net net = build_model(INTRAIN_TESTS_DIR "/../examples/speedrun/net.toml", 32, 32, 3, 10);
  const int channels[] = {3, 24, 96, 96, 320, 320, 320, 320};
  int64_t count = 2 * 2 * 3 * 24 + 2 * 24 + 320 * 10 + 10;
  for (int i = 2; i < 8; ++i) count += int64_t{9} * channels[i - 1] * channels[i] + 2 * channels[i];
  EXPECT_EQ(count, 3'151'450);
  EXPECT_EQ(net.parameter_count(), count);
  EXPECT_EQ(whitening_filters(net).count(), 2 * 2 * 3 * 24);
}

}  // namespace
}  // namespace intrain::test
