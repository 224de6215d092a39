// The products of src/micro/ against the references, on shapes of every kind. Those of Cortex-M run in QEMU (micro_test.py).
#include "micro/products.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ops/conv2d/conv2d.h"
#include "support/rng.h"

namespace intrain::test {
namespace {

ConvShape random_shape(Rng& rng) {
  const auto draw = [&rng](int least, int most) { return static_cast<int>(rng.range(least, most)); };
  const int groups = draw(0, 2) == 0 ? draw(2, 5) : 1, c = draw(0, 4) == 0 ? 1 : draw(1, 9), kw = draw(1, 5);
  return {draw(1, 9), draw(1, 9),      groups * c, groups * draw(1, 9), draw(1, 3) == 1 ? 1 : draw(1, 5), kw,
          draw(1, 3), draw(0, kw - 1), groups,     draw(0, 1) == 1};
}

TEST(MicroProducts, AsTheReferences) {
  Rng rng(1);
  int compared = 0;
  for (int i = 0; i < 1500; ++i) {
    const ConvShape s = random_shape(rng);
    if (s.kh > s.h + 2 * s.pad_h() || s.kw > s.w + 2 * s.pad) continue;
    ++compared;
    const Fill fill = kAllFills[i % std::size(kAllFills)];
    const std::vector<uint8_t> x = random_vector<uint8_t>(rng, fill, s.src_pixels() * s.c, 0, 255);
    const std::vector<int8_t> w = random_vector<int8_t>(rng, fill, s.weights(), -127, 127);
    const std::vector<int8_t> dy = random_vector<int8_t>(rng, fill, s.dst_pixels() * s.k, -127, 127);
    const auto where = [&] {
      return testing::Message() << s.h << "x" << s.w << "x" << s.c << " to " << s.k << ", " << s.kh << "x" << s.kw << ", stride "
                                << s.stride << ", pad " << s.pad << ", groups " << s.groups;
    };
    std::vector<int32_t> expected(dy.size()), actual(dy.size(), 77);
    ops::conv2d_forward_reference(s, 1, x.data(), w.data(), expected.data());
    micro::product(s, x.data(), w.data(), actual.data());
    ASSERT_EQ(actual, expected) << where();
    expected.assign(x.size(), 0);
    actual.assign(x.size(), 77);
    ops::conv2d_backward_data_reference(s, 1, dy.data(), w.data(), expected.data());
    micro::product_backward_data(s, dy.data(), w.data(), actual.data());
    ASSERT_EQ(actual, expected) << where();
    std::vector<int64_t> expected_weights(w.size());
    std::vector<int32_t> actual_weights(w.size(), 77);
    ops::conv2d_backward_weights_reference(s, 1, x.data(), dy.data(), expected_weights.data());
    micro::product_backward_weights(s, x.data(), dy.data(), actual_weights.data());
    ASSERT_TRUE(std::equal(actual_weights.begin(), actual_weights.end(), expected_weights.begin())) << where();
  }
  EXPECT_GT(compared, 1000);
}

// The most that a gradient can be: of as many pixels as a layer may have, all products the largest.
TEST(MicroProducts, LargestGradient) {
  const ConvShape s{1, static_cast<int>(kMaxReduction), 1, 1, 1, 1, 1, 0, 1, false};
  const std::vector<uint8_t> x(kMaxReduction, 255);
  for (const int8_t e : {127, -127}) {
    const std::vector<int8_t> dy(kMaxReduction, e);
    int32_t sum = 0;
    micro::product_backward_weights(s, x.data(), dy.data(), &sum);
    EXPECT_EQ(sum, kMaxReduction * 255 * e);
  }
}

}  // namespace
}  // namespace intrain::test
