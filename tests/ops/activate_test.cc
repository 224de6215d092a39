// ReLU with requantization: by hand, and equal to float64 of the real values (everything before the one rounding is exact in
// float64).
#include "ops/activate/activate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/formats.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::clip;
using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// gamma 64 is 1.0, beta 32 is 0.5; x_hat in sixteenths. z = gamma x_hat + 16 beta, in 2^-10; dst in 2^-5: z / 32.
//   x_hat  16 (1.0):    64 * 16 + 512 = 1536 -> 48 (1.5)
//   x_hat  -8 (-0.5):  -512 + 512 = 0 -> 0
//   x_hat -20:         -1280 + 512 < 0 -> 0
//   x_hat 127 (7.94):   8128 + 512 = 8640 -> 270 -> 255
// With gamma 1, beta 0: z = 16 -> 0.5 -> 0; z = 48 -> 1.5 -> 2.
TEST(Activate, ByHand) {
  const int8_t x[] = {16, -8, -20, 127}, gamma[] = {64}, beta[] = {32};
  uint8_t dst[4];
  activate_reference({x, gamma, beta, nullptr, 0, nullptr, nullptr, nullptr, 4, 1, 5, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 4), (std::vector<int>{48, 0, 0, 255}));
  const int8_t ties[] = {16, 48, 16, 48}, one[] = {1}, zero[] = {0};
  activate_reference({ties, one, zero, nullptr, 0, nullptr, nullptr, nullptr, 4, 1, 5, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 4), (std::vector<int>{0, 2, 0, 2}));
  // Shortcut of exponent -5 (shift 5): src 3 adds 96. dst in 2^-4: (16 + 96) / 64 = 1.75 -> 2, (48 + 96) / 64 = 2.25 -> 2, 16 /
  // 64 = 0.25 -> 0, (48 + 255 * 32) / 64 = 128.25 -> 128.
  const uint8_t src[] = {3, 3, 0, 255};
  activate_reference({ties, one, zero, src, 5, nullptr, nullptr, nullptr, 4, 1, 6, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 4), (std::vector<int>{2, 2, 0, 128}));
  // A second normalized value: gamma2 -64, beta2 10: 16 - 1024 + 160 < 0; 48 - (-20 * 64) + 160 = 1488 / 64 = 23.25 -> 23.
  const int8_t x2[] = {16, -20, -128 + 1, 0}, gamma2[] = {-64}, beta2[] = {10};
  activate_reference({ties, one, zero, nullptr, 0, x2, gamma2, beta2, 4, 1, 6, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 4),
            (std::vector<int>{0, 23, 130, 3}));  // (16 + 8128 + 160) / 64 = 129.75; (48 + 160) / 64 = 3.25
}

// gamma 1.0, beta 0 and x_hat of 5.9375, 6.0, 7.0: ReLU6 of exponent -5 is clamped to 192. Without an activation, in s8 of exponent -4:
// x_hat itself, and plus an s8 shortcut of -3, -120, 127 of the same exponent; 112 + 127 and -100 - 120 are clamped.
TEST(Activate, Relu6AndLinearByHand) {
  const int8_t x[] = {95, 96, 112}, gamma[] = {64}, beta[] = {0};
  uint8_t dst[3];
  Activate p{x, gamma, beta, nullptr, 0, nullptr, nullptr, nullptr, 3, 1, 5, dst};
  p.top = kRelu6Top;
  activate_reference(p);
  EXPECT_EQ(std::vector<int>(dst, dst + 3), (std::vector<int>{190, 192, 192}));
  const int8_t signed_x[] = {-100, 5, 112}, src[] = {-120, -3, 127};
  p.x_hat = signed_x;
  p.shift = 6;
  p.bottom = -kS8Max;
  p.top = kS8Max;
  activate_reference(p);
  EXPECT_EQ(std::vector<int>(reinterpret_cast<int8_t*>(dst), reinterpret_cast<int8_t*>(dst) + 3),
            (std::vector<int>{-100, 5, 112}));
  p.src = reinterpret_cast<const uint8_t*>(src);
  p.src_shift = 6;
  p.src_signed = true;
  activate_reference(p);
  EXPECT_EQ(std::vector<int>(reinterpret_cast<int8_t*>(dst), reinterpret_cast<int8_t*>(dst) + 3),
            (std::vector<int>{-127, 2, 127}));
}

TEST(Activate, IsFloat64) {
  uint64_t seed = 1;
  for (int channels : {1, 3, 17})
    for (Fill fill : intrain::test::kAllFills)
      for (int shortcut : {0, 1, 2, 3})  // none, u8, normalized, s8
        for (int shift = 2; shift <= 6; ++shift) {
          Rng rng(seed++);
          const int64_t rows = 29, n = rows * channels;
          const auto x = random_vector<int8_t>(rng, fill, n, -kS8Max, kS8Max),
                     x2 = random_vector<int8_t>(rng, fill, n, -kS8Max, kS8Max);
          const auto gamma = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max),
                     gamma2 = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max);
          const auto beta = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max),
                     beta2 = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max);
          auto src = random_vector<uint8_t>(rng, fill, n, 0, kU8Max);
          for (uint8_t& v : src) v = shortcut == 3 && v == 128 ? 129 : v;
          const bool is_signed = seed % 3 == 0;
          const int top = is_signed ? kS8Max : seed % 3 == 1 ? kU8Max : kRelu6Top, bottom = is_signed ? -top : 0;
          const int src_exp = kScaledExp + static_cast<int>(rng.range(0, 6)), dst_exp = kScaledExp + shift;
          std::vector<uint8_t> dst(static_cast<size_t>(n));
          activate_reference({x.data(), gamma.data(), beta.data(), shortcut % 2 == 1 ? src.data() : nullptr, src_exp - kScaledExp,
                              shortcut == 2 ? x2.data() : nullptr, gamma2.data(), beta2.data(), rows, channels, shift, dst.data(),
                              shortcut == 3, bottom, top});
          for (size_t i = 0; i < dst.size(); ++i) {
            const size_t c = i % static_cast<size_t>(channels);
            double z = std::ldexp(gamma[c], kGammaExp) * std::ldexp(x[i], kNormalizedExp) + std::ldexp(beta[c], kGammaExp);
            if (shortcut == 1) z += std::ldexp(src[i], src_exp);
            if (shortcut == 3) z += std::ldexp(static_cast<int8_t>(src[i]), src_exp);
            if (shortcut == 2)
              z += std::ldexp(gamma2[c], kGammaExp) * std::ldexp(x2[i], kNormalizedExp) + std::ldexp(beta2[c], kGammaExp);
            ASSERT_EQ(is_signed ? static_cast<int8_t>(dst[i]) : dst[i],
                      clip(std::nearbyint(std::ldexp(z, -dst_exp)), bottom, top))
                << "element " << i << ", shortcut " << shortcut << ", seed " << seed - 1;
          }
        }
}

// (100 + -36) / 4 = 16; (10 - 36) -> 0; (46 - 36) / 4 = 2.5 -> 2; 2000 -> 255.
TEST(ReluRequantize, ByHand) {
  const int32_t acc[] = {100, 10, 46, 2036}, bias[] = {-36};
  uint8_t dst[4];
  relu_requantize_reference({acc, bias, 4, 1, 2, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 4), (std::vector<int>{16, 0, 2, 255}));
}

TEST(ReluRequantize, IsFloat64) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int shift = -80; shift <= 80; shift += shift > -12 && shift < 40 ? 1 : 7) {
      Rng rng(seed++);
      const int channels = 7;
      auto acc = random_vector<int32_t>(rng, fill, 23 * channels, -INT32_MAX, INT32_MAX);
      const auto bias = random_vector<int32_t>(rng, fill, channels, -INT32_MAX, INT32_MAX);
      if (fill == Fill::kUniform)  // values of the size that the shift keeps
        for (int32_t& a : acc)
          a = static_cast<int32_t>(clip(std::ldexp(static_cast<double>(rng.range(-600, 600)), shift - 1), -INT32_MAX, INT32_MAX));
      std::vector<uint8_t> dst(acc.size());
      relu_requantize_reference({acc.data(), bias.data(), 23, channels, shift, dst.data()});
      for (size_t i = 0; i < dst.size(); ++i) {
        const double sum = static_cast<double>(acc[i]) + bias[i % channels];
        ASSERT_EQ(dst[i], clip(std::nearbyint(std::ldexp(sum, -shift)), 0, kU8Max))
            << acc[i] << " + " << bias[i % channels] << " >> " << shift;
      }
    }
}

}  // namespace
}  // namespace intrain::ops
