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

// x_hat is f itself, in 2^-8: y = f, times 2^13, shifted by 13.
constexpr int32_t kMult[] = {1 << 13}, kOffset[] = {0}, kShift[] = {13};
Activate of_f(const std::vector<int16_t>& f, const int8_t* gamma, const int8_t* beta, int shift, uint8_t* dst) {
  Activate p{};
  p.y = f.data();
  p.mult = kMult;
  p.offset = kOffset;
  p.f_shift = kShift;
  p.f_limit = kS16Max;
  p.gamma = gamma;
  p.beta = beta;
  p.rows = static_cast<int64_t>(f.size());
  p.channels = 1;
  p.shift = shift;
  p.dst = dst;
  return p;
}
std::vector<int> bytes(const uint8_t* dst, int n) { return {dst, dst + n}; }
std::vector<int> signed_bytes(const void* dst, int n) {
  return {static_cast<const int8_t*>(dst), static_cast<const int8_t*>(dst) + n};
}

// gamma 64 is 1.0, beta 32 is 0.5; f in 1/256. z = gamma f + 256 beta, in 2^-14; dst in 2^-5: z / 2^9.
//   f  256 (1.0):      16384 + 8192 = 24576 -> 48 (1.5)
//   f -128 (-0.5):     -8192 + 8192 = 0 -> 0
//   f -320:            below 0 -> 0
//   f 2032 (7.94):     130048 + 8192 = 138240 -> 270 -> 255
// With gamma 1, beta 0: f 256 -> z / 512 = 0.5 -> 0; 768 -> 1.5 -> 2; and 257 -> 0.502 -> 1.
TEST(Activate, ByHand) {
  const int8_t gamma[] = {64}, beta[] = {32}, one[] = {1}, zero[] = {0};
  uint8_t dst[4];
  const std::vector<int16_t> f = {256, -128, -320, 2032};
  activate_reference(of_f(f, gamma, beta, 9, dst));
  EXPECT_EQ(bytes(dst, 4), (std::vector<int>{48, 0, 0, 255}));
  const std::vector<int16_t> ties = {256, 768, 257, 768};
  Activate p = of_f(ties, one, zero, 9, dst);
  activate_reference(p);
  EXPECT_EQ(bytes(dst, 4), (std::vector<int>{0, 2, 1, 2}));
  // Shortcut of exponent -5 (shift 5): src 3 adds 16 * 96. dst in 2^-4: (256 + 1536) / 1024 = 1.75 -> 2, (768 + 1536) / 1024 = 2.25 -> 2,
  // 257 / 1024 -> 0, (768 + 255 * 512) / 1024 = 128.25 -> 128.
  const uint8_t src[] = {3, 3, 0, 255};
  p.src = src;
  p.src_shift = 5;
  p.shift = 10;
  activate_reference(p);
  EXPECT_EQ(bytes(dst, 4), (std::vector<int>{2, 2, 0, 128}));
  // A second normalized value, times 16: gamma2 -64, beta2 10: 256 + 16 (-1024 + 160) < 0; 768 + 16 (1280 + 160) = 23808 / 1024 = 23.25.
  const int8_t x2[] = {16, -20, -127, 0}, gamma2[] = {-64}, beta2[] = {10};
  p.src = nullptr;
  p.x_hat2 = x2;
  p.gamma2 = gamma2;
  p.beta2 = beta2;
  activate_reference(p);
  EXPECT_EQ(bytes(dst, 4),
            (std::vector<int>{0, 23, 130, 3}));  // 257 + 16 (8128 + 160) = 132865 -> 129.75; (768 + 2560) / 1024 = 3.25
}

// x_hat on the way: f with mult and offset, and its 8 bits. v = 3 * 8192 - 1024 = 23552: / 2^6 = 368, of which 368 / 16 = 23. In 8 bits of
// its own (shift 10, limit 127, four up): 23 exactly; 23.5 -> 24 (ties to even) in 8 bits, and 376 in 16. Far values end at 32767, 127.
TEST(Activate, KeepsXHatByHand) {
  const int8_t gamma[] = {64}, beta[] = {0};
  const std::vector<int16_t> y = {3, 32767};
  const int32_t mult[] = {8192}, offset[] = {-1024}, fine[] = {6}, coarse[] = {10};
  uint8_t dst[2];
  int8_t x_hat[2];
  Activate p = of_f(y, gamma, beta, 9, dst);
  p.mult = mult;
  p.offset = offset;
  p.f_shift = fine;
  p.x_hat = x_hat;
  activate_reference(p);
  EXPECT_EQ(signed_bytes(x_hat, 2), (std::vector<int>{23, 127}));
  EXPECT_EQ(bytes(dst, 2), (std::vector<int>{46, 255}));  // 64 * 368 / 512
  const int32_t half[] = {-512};
  p.offset = half;
  activate_reference(p);
  EXPECT_EQ(x_hat[0], 24);  // 376 / 16 = 23.5
  EXPECT_EQ(dst[0], 47);    // 64 * 376 / 512
  p.f_shift = coarse;
  p.f_limit = kS8Max;
  p.f_left = 4;
  activate_reference(p);
  EXPECT_EQ(signed_bytes(x_hat, 2), (std::vector<int>{24, 127}));
  EXPECT_EQ(bytes(dst, 2), (std::vector<int>{48, 254}));  // 64 * 16 * 24 / 512; 64 * 16 * 127 / 512
}

// gamma 1.0, beta 0 and x_hat of 5.9375, 6.0, 7.0: ReLU6 of exponent -5 is clamped to 192. Without an activation, in s8 of exponent -4:
// x_hat itself, and plus an s8 shortcut of -3, -120, 127 of the same exponent; 112 + 127 and -100 - 120 are clamped.
TEST(Activate, Relu6AndLinearByHand) {
  const int8_t gamma[] = {64}, beta[] = {0};
  uint8_t dst[3];
  const std::vector<int16_t> f = {95 * 16, 96 * 16, 112 * 16}, linear = {-100 * 16, 5 * 16, 112 * 16};
  Activate p = of_f(f, gamma, beta, 9, dst);
  p.top = kRelu6Top;
  activate_reference(p);
  EXPECT_EQ(bytes(dst, 3), (std::vector<int>{190, 192, 192}));
  const int8_t src[] = {-120, -3, 127};
  p.y = linear.data();
  p.shift = 10;
  p.bottom = -kS8Max;
  p.top = kS8Max;
  activate_reference(p);
  EXPECT_EQ(signed_bytes(dst, 3), (std::vector<int>{-100, 5, 112}));
  p.src = reinterpret_cast<const uint8_t*>(src);
  p.src_shift = 6;
  p.src_signed = true;
  activate_reference(p);
  EXPECT_EQ(signed_bytes(dst, 3), (std::vector<int>{-127, 2, 127}));
}

TEST(Activate, IsFloat64) {
  uint64_t seed = 1;
  for (int channels : {1, 3, 17})
    for (Fill fill : intrain::test::kAllFills)
      for (int shortcut : {0, 1, 2, 3})  // none, u8, normalized, s8
        for (int shift = 6; shift <= 10; ++shift) {
          Rng rng(seed++);
          const int64_t rows = 29, n = rows * channels;
          const auto y = random_vector<int16_t>(rng, fill, n, -kS16Max, kS16Max);
          const auto mult = random_vector<int32_t>(rng, Fill::kUniform, channels, 1 << 13, 1 << 14),
                     offset = random_vector<int32_t>(rng, Fill::kUniform, channels, -(1 << 29), 1 << 29),
                     f_shift = random_vector<int32_t>(rng, Fill::kUniform, channels, 0, 21);
          const auto x2 = random_vector<int8_t>(rng, fill, n, -kS8Max, kS8Max);
          const auto gamma = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max),
                     gamma2 = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max);
          const auto beta = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max),
                     beta2 = random_vector<int8_t>(rng, fill, channels, -kS8Max, kS8Max);
          auto src = random_vector<uint8_t>(rng, fill, n, 0, kU8Max);
          for (uint8_t& v : src) v = shortcut == 3 && v == 128 ? 129 : v;
          const bool is_signed = seed % 3 == 0;
          const int top = is_signed ? kS8Max : seed % 3 == 1 ? kU8Max : kRelu6Top, bottom = is_signed ? -top : 0;
          const int src_exp = kScaledExp + static_cast<int>(rng.range(0, 6)), dst_exp = kFineExp + kGammaExp + shift;
          std::vector<uint8_t> dst(static_cast<size_t>(n));
          std::vector<int8_t> x_hat(static_cast<size_t>(n));
          activate_reference({y.data(),
                              mult.data(),
                              offset.data(),
                              f_shift.data(),
                              kS16Max,
                              0,
                              x_hat.data(),
                              gamma.data(),
                              beta.data(),
                              shortcut % 2 == 1 ? src.data() : nullptr,
                              src_exp - kScaledExp,
                              shortcut == 2 ? x2.data() : nullptr,
                              gamma2.data(),
                              beta2.data(),
                              rows,
                              channels,
                              shift,
                              dst.data(),
                              shortcut == 3,
                              bottom,
                              top});
          for (size_t i = 0; i < dst.size(); ++i) {
            const size_t c = i % static_cast<size_t>(channels);
            const double f =
                clip(std::nearbyint(std::ldexp(static_cast<double>(y[i]) * mult[c] + offset[c], -f_shift[c])), -kS16Max, kS16Max);
            ASSERT_EQ(x_hat[i], clip(std::nearbyint(f / 16), -kS8Max, kS8Max));
            double z = std::ldexp(gamma[c], kGammaExp) * std::ldexp(f, kFineExp) + std::ldexp(beta[c], kGammaExp);
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

TEST(ActivationGrid, ByHand) {
  const auto expect = [](const ActivationGrid& g, int shift, int bottom, int top, int left) {
    EXPECT_EQ(g.shift, shift);
    EXPECT_EQ(g.bottom, bottom);
    EXPECT_EQ(g.top, top);
    EXPECT_EQ(g.left, left);
  };
  Widths widths;
  expect(activation_grid(Activation::kRelu, kActivationExp, widths), 9, 0, 255, 0);
  expect(activation_grid(Activation::kRelu, kResidualExp, widths), 10, 0, 255, 0);
  expect(activation_grid(Activation::kRelu6, kActivationExp, widths), 9, 0, 192, 0);
  expect(activation_grid(Activation::kLinear, kSignedExp, widths), 10, -127, 127, 0);
  expect(activation_grid(Activation::kRelu, kActivationExp, -20, widths), 15, 0, 255, 0);
  widths.a = 5;
  expect(activation_grid(Activation::kRelu, kActivationExp, widths), 12, 0, 31, 3);
  expect(activation_grid(Activation::kRelu6, kActivationExp, widths), 12, 0, 24, 3);
  expect(activation_grid(Activation::kLinear, kSignedExp, widths), 13, -15, 15, 3);
  EXPECT_EQ(activation_top(Activation::kLinear, widths), 120);
  EXPECT_EQ(shortcut_shift(kSignedExp), 6);
}

}  // namespace
}  // namespace intrain::ops
