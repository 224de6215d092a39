// The two depthwise kernels' definitions: by hand, and equal to the general convolution with as many groups as channels, which
// conv2d_test.cc holds against float64. All is exact.
#include "ops/depthwise/depthwise.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/formats.h"
#include "ops/conv2d/conv2d.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// [taps][channels] from [channels][taps].
std::vector<int8_t> by_taps(const std::vector<int8_t>& wei, int channels) {
  std::vector<int8_t> out(wei.size());
  for (size_t i = 0; i < wei.size(); ++i) out[i % 9 * static_cast<size_t>(channels) + i / 9] = wei[i];
  return out;
}

// One channel of 2 x 3: 1 2 3 / 4 5 6. Taps 1 x 2 of weights 10, 1 from column -1 on: 0 + 1, 10 + 2, 20 + 3; then the same of the next
// row. Only row 1: 4, 45, 56. Staged by 2: 4 / 4 = 1, 45 / 4 = 11.25 -> 11, 56 / 4 = 14.
TEST(DepthwiseConv, ByHand) {
  const uint8_t src[] = {1, 2, 3, 4, 5, 6};
  const int8_t wei[] = {10, 1};
  int32_t dst[6];
  depthwise_conv_reference({src, false, 2, 3, 1, wei, 1, 2, 1, 0, -1, 0, 2, 3, 3, 1, dst, nullptr, nullptr});
  EXPECT_EQ(std::vector<int>(dst, dst + 6), (std::vector<int>{1, 12, 23, 4, 45, 56}));
  const int32_t shift[] = {2};
  int16_t staged[3];
  depthwise_conv_reference({src, false, 2, 3, 1, wei, 1, 2, 1, 0, -1, 1, 1, 3, 3, 1, nullptr, staged, shift});
  EXPECT_EQ(std::vector<int>(staged, staged + 3), (std::vector<int>{1, 11, 14}));
  // Bytes 255 and 254 as s8: -1 and -2.
  const uint8_t bytes[] = {255, 254, 3, 4, 5, 6};
  depthwise_conv_reference({bytes, true, 2, 3, 1, wei, 1, 2, 1, 0, -1, 0, 1, 3, 3, 1, dst, nullptr, nullptr});
  EXPECT_EQ(std::vector<int>(dst, dst + 3), (std::vector<int>{-1, -12, -17}));
}

// 255 * 127 * 2 = 64770, and -64770, staged by 0 and by 1: 32385.
TEST(DepthwiseConv, ClampsWhatIsStaged) {
  const uint8_t src[] = {255, 255, 255, 255, 255, 255, 255, 255};
  const int8_t wei[] = {127, -127, 127, -127, 127, -127, 127, -127};
  const int32_t shift[] = {0, 0, 1, 1};
  int16_t staged[4];
  depthwise_conv_reference({src, false, 1, 2, 4, wei, 1, 2, 1, 0, 0, 0, 1, 1, 4, 4, nullptr, staged, shift});
  EXPECT_EQ(std::vector<int>(staged, staged + 4), (std::vector<int>{32767, -32767, 32385, -32385}));
}

// The same image, error 1 -1 / 2 0 of stride 2 and padding 1: pixel (0, 0) is seen at tap (1, 1) of error (0, 0): 1 * 1. Tap (0, 0) of
// error (1, 0) lies at (1, -1), outside; tap (0, 1) at (1, 0): 2 * 4; of error (0, 1), tap (1, 1) is pixel (0, 2): -1 * 3.
TEST(DepthwiseWeights, ByHand) {
  const uint8_t src[] = {1, 2, 3, 4, 5, 6};
  const int8_t diff[] = {1, -1, 2, 0};
  std::vector<int64_t> wei(9, 100);
  depthwise_weights_reference({src, false, 2, 3, 1, diff, 2, 1, 0, 2, 2, wei.data()});
  //                                           0 0: none  0 1: 2*4    0 2: 2*5    1 0: -1*2  1 1: 1*1 - 1*3  1 2: 1*2  2 0: -1*5  2 1: 4 - 6  2 2: 5
  EXPECT_EQ(wei, (std::vector<int64_t>{100, 108, 110, 98, 98, 102, 95, 98, 105}));
}

TEST(Depthwise, IsTheConvolutionOfAsManyGroupsAsChannels) {
  uint64_t seed = 1;
  for (const Fill fill : {Fill::kUniform, Fill::kHigh, Fill::kLow})
    for (const bool is_signed : {false, true})
      for (const int stride : {1, 2})
        for (const int pad : {0, 1, 2}) {
          Rng rng(seed++);
          const ConvShape s{7, 6, 3, 3, 3, 3, stride, pad, 3, is_signed};
          const auto count = [](int64_t n) { return static_cast<size_t>(n); };
          auto src = random_vector<uint8_t>(rng, fill, s.src_pixels() * s.c, 0, kU8Max);
          if (is_signed)
            for (uint8_t& v : src) v = v == 128 ? 129 : v;
          const auto wei = random_vector<int8_t>(rng, fill, s.weights(), -kS8Max, kS8Max);
          const auto diff = random_vector<int8_t>(rng, fill, s.dst_pixels() * s.k, -kS8Max, kS8Max);
          std::vector<int32_t> expected(count(s.dst_pixels() * s.k)), got(expected.size());
          conv2d_forward_reference(s, 1, src.data(), wei.data(), expected.data());
          const std::vector<int8_t> taps = by_taps(wei, s.c);
          depthwise_conv_reference({src.data(), is_signed, s.h, s.w, s.c, taps.data(), 3, 3, stride, -pad, -pad, 0, s.oh(),
                                    s.ow(), s.ow() * s.k, s.k, got.data(), nullptr, nullptr});
          EXPECT_EQ(got, expected) << "stride " << stride << ", pad " << pad;
          std::vector<int64_t> wei_expected(count(s.weights())), wei_got(wei_expected.size());
          conv2d_backward_weights_reference(s, 1, src.data(), diff.data(), wei_expected.data());
          for (const int first : {0, 1})  // row 0, then the others
            depthwise_weights_reference({src.data(), is_signed, s.h, s.w, s.c, diff.data(), stride, pad, first,
                                         first == 0 ? 1 : s.oh() - 1, s.ow(), wei_got.data()});
          for (size_t i = 0; i < wei_got.size(); ++i) EXPECT_EQ(wei_got[i % 9 * 3 + i / 9], wei_expected[i]);
        }
}

}  // namespace
}  // namespace intrain::ops
