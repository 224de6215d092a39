// The shifts of a convolution's output.
#include "ops/conv2d/staging.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// sum |w| = 257 of u8: 2 bits (tests/ops/conv2d_test.cc); of s8: 127 257 = 32639 fits.
TEST(StagingShifts, ByHand) {
  const int8_t wei[] = {127, -127, 3, 0, 1, -2, 0, 0};
  ConvShape shape{1, 1, 4, 2, 1, 1, 1, 0, 1, false};
  int32_t shift[2];
  staging_shifts(shape, wei, shift);
  EXPECT_EQ(shift[0], 2);
  EXPECT_EQ(shift[1], 0);
  shape.signed_src = true;
  staging_shifts(shape, wei, shift);
  EXPECT_EQ(shift[0], 0);
}

// The worst source that there is: of the sign of each weight.
TEST(StagingShifts, NoOutputIsClamped) {
  Rng rng(1);
  for (const bool is_signed : {true, false}) {
    const ConvShape shape{1, 1, 300, 16, 1, 1, 1, 0, 1, is_signed};
    auto wei = random_vector<int8_t>(rng, Fill::kUniform, 16 * 300, -127, 127);
    for (size_t i = 0; i < wei.size(); ++i) wei[i] = static_cast<int8_t>(wei[i] >> (i / 300 / 2));
    std::vector<int32_t> shift(16);
    staging_shifts(shape, wei.data(), shift.data());
    for (size_t k = 0; k < 16; ++k) {
      int64_t worst = 0;
      for (size_t i = 0; i < 300; ++i) {
        const int64_t w = wei[k * 300 + i];
        worst += is_signed ? 127 * (w < 0 ? -w : w) : w > 0 ? 255 * w : 0;
      }
      EXPECT_LE(rshift_round(worst, shift[k]), kS16Max);
      EXPECT_TRUE(!is_signed || shift[k] == 0 || rshift_round(worst, shift[k] - 1) > kS16Max) << "no shift is too large";
    }
  }
}

// e_x + e_w + s is the stream's exponent for every t that there may be, and s one that kernels have.
TEST(StreamStaging, EndsAtTheStreamsExponent) {
  EXPECT_EQ(stream_staging(-5, -8).least, 4);
  EXPECT_EQ(stream_staging(-5, -8).most, 21);
  for (const int exp : {kInputExp, kResidualExp, kPooledExp})
    for (int stream = kStreamExp; stream <= kMostStreamExp; ++stream) {
      const StreamStaging range = stream_staging(exp, stream);
      for (int t = range.least; t <= range.most; ++t) {
        const int s = range.most - t;
        EXPECT_EQ(exp + kMasterExp + t + s, stream);
        EXPECT_GE(s, 0);
        EXPECT_LE(s, kMaxStagingShift);
      }
    }
}

}  // namespace
}  // namespace intrain::ops
