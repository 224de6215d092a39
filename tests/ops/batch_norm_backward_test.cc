// Batch normalization backward against float64: sums, coefficients and the quantized error.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::clip;
using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// align 1, masks 0 / 5 / 255 / 254: 10 -> 0 (mask 0), 7 / 2 = 3.5 -> 4, 9 -> 0 (mask 255), -5 / 2 = -2.5 -> -2.
// sum e = 2, sum e x_hat = 4 * 3 + -2 * 16 = -20.
TEST(NormBackwardSums, ByHand) {
  int16_t e[] = {10, 7, 9, -5};
  const uint8_t mask[] = {0, 5, 255, 254};
  const int8_t x[] = {1, 3, 100, 16};
  int64_t sum_e[] = {100}, sum_ex[] = {0};
  EXPECT_EQ(batch_norm_backward_sums_reference({e, 1, mask, x, 4, 1, sum_e, sum_ex}), 4);
  EXPECT_EQ(std::vector<int>(e, e + 4), (std::vector<int>{0, 4, 0, -2}));
  EXPECT_EQ(sum_e[0], 102);
  EXPECT_EQ(sum_ex[0], -20);
}

// The mask is s8 between -7 and 7: only what is strictly between passes.
TEST(NormBackwardSums, SignedMaskByHand) {
  int16_t e[] = {10, 11, 12, 13, 14};
  const int8_t mask[] = {-7, -6, 0, 6, 7}, x[] = {1, 1, 1, 1, 1};
  int64_t sum_e[] = {0}, sum_ex[] = {0};
  EXPECT_EQ(batch_norm_backward_sums_reference({e, 0, reinterpret_cast<const uint8_t*>(mask), x, 5, 1, sum_e, sum_ex, 7, -7}),
            13);
  EXPECT_EQ(std::vector<int>(e, e + 5), (std::vector<int>{0, 11, 12, 13, 0}));
  EXPECT_EQ(sum_e[0], 36);
}

TEST(NormBackwardSums, IsFloat64) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int align : {-15, -4, 0, 1, 6, 15, 16, 30, 62, 63, 100})
      for (bool masked : {false, true}) {
        Rng rng(seed++);
        const int channels = 5, rows = 60;
        auto e = random_vector<int16_t>(rng, fill, rows * channels, -kS16Max, kS16Max);
        const auto before = e;
        const auto x = random_vector<int8_t>(rng, fill, rows * channels, -kS8Max, kS8Max);
        auto mask = random_vector<uint8_t>(rng, Fill::kUniform, rows * channels, 0, 3);
        for (uint8_t& m : mask) m = m == 3 ? kU8Max : m;
        std::vector<int64_t> sum_e(channels), sum_ex(channels);
        const int32_t max = batch_norm_backward_sums_reference(
            {e.data(), align, masked ? mask.data() : nullptr, x.data(), rows, channels, sum_e.data(), sum_ex.data()});
        std::vector<double> real_e(channels), real_ex(channels);
        double real_max = 0;
        for (size_t i = 0; i < e.size(); ++i) {
          double v = clip(std::nearbyint(std::ldexp(before[i], -align)), -kS16Max, kS16Max);
          if (masked && (mask[i] == 0 || mask[i] == kU8Max)) v = 0;
          ASSERT_EQ(e[i], v) << before[i] << " by " << align;
          real_e[i % channels] += v;
          real_ex[i % channels] += v * x[i];
          real_max = std::max(real_max, std::fabs(v));
        }
        EXPECT_EQ(max, real_max);
        for (size_t c = 0; c < channels; ++c) {
          EXPECT_EQ(static_cast<double>(sum_e[c]), real_e[c]);
          EXPECT_EQ(static_cast<double>(sum_ex[c]), real_ex[c]);
        }
      }
}

// kappa = 64 * 2^(48 - 4) / 2^20 = 2^30; t for 12 bits: 2^30 < 2^(t + 11) gives 20; k = 2^10. n = 4, sum e = 10: a = -10240 / 4 =
// -2560. sum e x_hat = 512: b = -(1024 * 512) / (4 * 65536) = -2.
TEST(Coefficients, ByHand) {
  EXPECT_EQ(batch_norm_kappa(64, 4, 1u << 20), int64_t{1} << 30);
  EXPECT_EQ(batch_norm_kappa(-64, 4, 1u << 20), -(int64_t{1} << 30));
  EXPECT_EQ(quantize_shift(uint64_t{1} << 30, 12), 20);
  const BackwardCoefficients q = batch_norm_coefficients(int64_t{1} << 30, 20, 10, 512, 4);
  EXPECT_EQ(q.k, 1024);
  EXPECT_EQ(q.a, -2560);
  EXPECT_EQ(q.b, -2);
}

// v = 3 * 10 + 2 * 256 * 1 + 5 = 547; 3 * -10 + 2 * 256 * -1 + 5 = -537; 3 + 0 + 5 = 8. By 2^2: 136.75 -> 127 (clamped), -134 ->
// -127, 2.
TEST(NormBackward, ByHand) {
  const int16_t e[] = {10, -10, 1};
  const int8_t x[] = {1, -1, 0};
  const int32_t k[] = {3}, b[] = {2}, a[] = {5};
  int8_t dst[3];
  EXPECT_EQ(batch_norm_backward_max_reference({e, x, 3, 1, k, b, a, 0, nullptr}), 547u);
  batch_norm_backward_quantize_reference({e, x, 3, 1, k, b, a, 2, dst});
  EXPECT_EQ(std::vector<int>(dst, dst + 3), (std::vector<int>{127, -127, 2}));
}

// Stochastic rounding takes the same values v and the byte of (sample, element).
TEST(NormBackward, StochasticIsFloorOfValueAndByte) {
  Rng rng(4);
  const int channels = 7, rows = 90;
  const auto e = random_vector<int16_t>(rng, Fill::kUniform, rows * channels, -kS16Max, kS16Max);
  const auto x = random_vector<int8_t>(rng, Fill::kUniform, rows * channels, -kS8Max, kS8Max);
  const auto k = random_vector<int32_t>(rng, Fill::kUniform, channels, -2047, 2047),
             b = random_vector<int32_t>(rng, Fill::kUniform, channels, -9000, 9000),
             a = random_vector<int32_t>(rng, Fill::kUniform, channels, -9000000, 9000000);
  const ErrorRandom random{{8, RandomUse::kError, 1, 2}, 3};
  for (int shift : {3, 8, 9, 20, 24}) {
    std::vector<int8_t> dst(e.size());
    batch_norm_backward_quantize_reference(
        {e.data(), x.data(), rows, channels, k.data(), b.data(), a.data(), shift, dst.data(), &random});
    for (size_t i = 0; i < e.size(); ++i) {
      const size_t c = i % channels;
      const double v = static_cast<double>(k[c]) * e[i] + 256.0 * b[c] * x[i] + a[c];
      const double u = std::floor(std::ldexp(2.0 * random.stream.byte(3, static_cast<int64_t>(i)) + 1, shift - 9));
      ASSERT_EQ(dst[i], clip(std::floor(std::ldexp(v + u, -shift)), -127, 127)) << "element " << i << " by " << shift;
    }
  }
}

// The largest |v| there is, in both directions, stays below 2^31 and is quantized.
TEST(NormBackward, ExtremesFit) {
  for (int sign : {1, -1}) {
    const int16_t e[] = {static_cast<int16_t>(sign * kS16Max)};
    const int8_t x[] = {static_cast<int8_t>(sign * kS8Max)};
    const int32_t k[] = {2047}, b[] = {kS16Max}, a[] = {sign * 2047 * kS16Max};
    const int64_t v = int64_t{2047} * kS16Max * 2 + int64_t{kS16Max} * 256 * kS8Max;
    ASSERT_LT(v, int64_t{1} << 31);
    EXPECT_EQ(batch_norm_backward_max_reference({e, x, 1, 1, k, b, a, 0, nullptr}), static_cast<uint32_t>(v));
    int8_t dst[1];
    const int shift = quantize_shift(static_cast<uint64_t>(v), 8);
    EXPECT_EQ(shift, 24);
    batch_norm_backward_quantize_reference({e, x, 1, 1, k, b, a, shift, dst});
    EXPECT_EQ(dst[0], sign * std::nearbyint(std::ldexp(static_cast<double>(v), -24)));
  }
}

// A layer's data: x_hat of mean about 0 and rms about 16, an error correlated with it, per channel gamma, sigma and staging
// shift.
struct Layer {
  int channels, rows, e_x = -5, e_w = -9, e_e = -20;
  std::vector<int16_t> e;
  std::vector<int8_t> x;
  std::vector<int> gamma, staging;
  std::vector<uint32_t> sigma;
};

Layer make_layer(uint64_t seed, int channels, int rows, bool spread) {
  Rng rng(seed);
  Layer l{.channels = channels, .rows = rows, .e = {}, .x = {}, .gamma = {}, .staging = {}, .sigma = {}};
  for (int c = 0; c < channels; ++c) {
    l.gamma.push_back(static_cast<int>(c == 0 ? -127 : c == 1 ? 0 : c == 2 ? 1 : rng.range(-127, 127)));
    l.staging.push_back(static_cast<int>(rng.range(0, 8)));
    l.sigma.push_back(static_cast<uint32_t>(rng.range(1 << 10, 1 << 14)) << (spread ? rng.range(0, 14) : 13));
  }
  for (int i = 0; i < rows * channels; ++i) {
    int64_t bell = 0;
    for (int j = 0; j < 12; ++j) bell += rng.range(-16, 16);
    l.x.push_back(static_cast<int8_t>(bell / 2));
    l.e.push_back(static_cast<int16_t>(clip(static_cast<double>(rng.any_width(14) + 20 * l.x.back() + 300), -kS16Max, kS16Max)));
  }
  return l;
}

// Against v* = K (E - Se / n - X Sx / (256 n)), K = gamma 2^(48 - s) / sigma_q16 / 2^T exactly, in units of v:
//   |k - K| <= 1/2 + 2^-T / 2, or up to 1 where k is clamped to +-2047
//   a is rounded: 1/2; b is rounded: 1/2 times 256 |X|
// so |v - v*| <= |k - K| |E - Se / n - X Sx / (256 n)| + 128 |X| + 1/2. In real numbers v* 2^exp is
// gamma / sigma (e - mean e - x_hat mean(e x_hat)); checked too, which ties the exponent down.
TEST(NormBackward, IsWithinItsBoundOfFloat) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    const Layer l = make_layer(seed, 3 + static_cast<int>(seed) % 7, 40 + 100 * static_cast<int>(seed % 3), seed % 2 == 0);
    const size_t channels = static_cast<size_t>(l.channels);
    std::vector<int16_t> e = l.e;
    std::vector<int64_t> sum_e(channels), sum_ex(channels), kappa(channels);
    batch_norm_backward_sums_reference({e.data(), 0, nullptr, l.x.data(), l.rows, l.channels, sum_e.data(), sum_ex.data()});
    uint64_t max_kappa = 0;
    for (size_t c = 0; c < channels; ++c) {
      kappa[c] = batch_norm_kappa(l.gamma[c], l.staging[c], l.sigma[c]);
      max_kappa = std::max(max_kappa, magnitude(kappa[c]));
    }
    const int t = quantize_shift(max_kappa, 12), exp = batch_norm_diff_exp(l.e_e, t, l.e_x + l.e_w);
    std::vector<int32_t> k, b, a;
    for (size_t c = 0; c < channels; ++c) {
      const BackwardCoefficients q = batch_norm_coefficients(kappa[c], t, sum_e[c], sum_ex[c], l.rows);
      k.push_back(q.k), b.push_back(q.b), a.push_back(q.a);
      ASSERT_LT(std::abs(q.b), kS16Max);  // the clamp is for arbitrary inputs only
    }
    const NormBackward p{e.data(), l.x.data(), l.rows, l.channels, k.data(), b.data(), a.data(), 0, nullptr};
    const uint32_t max = batch_norm_backward_max_reference(p);
    const int shift = quantize_shift(max, 8);
    std::vector<int8_t> dst(e.size());
    NormBackward quantized = p;
    quantized.shift = shift;
    quantized.dst = dst.data();
    batch_norm_backward_quantize_reference(quantized);

    double largest = 0;
    for (size_t i = 0; i < e.size(); ++i) {
      const size_t c = i % channels;
      const double kk = std::ldexp(static_cast<double>(l.gamma[c]), 48 - l.staging[c] - t) / l.sigma[c];
      const double centred = e[i] - static_cast<double>(sum_e[c]) / l.rows -
                             static_cast<double>(l.x[i]) * static_cast<double>(sum_ex[c]) / 256 / l.rows;
      const double expected = kk * centred;
      const double v = static_cast<double>(int64_t{k[c]} * e[i] + int64_t{b[c]} * 256 * l.x[i] + a[c]);
      const double k_error = std::abs(k[c]) == 2047 ? 1 : 0.5 + std::ldexp(0.5, -t);
      ASSERT_LE(std::fabs(v - expected), k_error * std::fabs(centred) + 128 * std::abs(l.x[i]) + 0.5 + 1e-6 * std::fabs(expected))
          << "element " << i << ", seed " << seed;
      largest = std::max(largest, std::fabs(v));
      // dst is v within half a step, or within a step where it is clamped.
      const double off = std::fabs(std::ldexp(static_cast<double>(dst[i]), shift) - v);
      ASSERT_LE(off, std::ldexp(std::abs(dst[i]) == 127 ? 1.0 : 0.5, shift));
      // In real numbers.
      const double gamma = std::ldexp(static_cast<double>(l.gamma[c]), kGammaExp);
      const double sigma = std::ldexp(static_cast<double>(l.sigma[c]), -16 + l.e_x + l.e_w + l.staging[c]);
      const double real = gamma / sigma * std::ldexp(centred, l.e_e);
      ASSERT_NEAR(std::ldexp(expected, exp), real, 1e-9 * std::fabs(real));
    }
    EXPECT_EQ(max, largest);
  }
}

// From y and e to the quantized gradient, against float64 batch normalization of unrounded x_hat: the direction is kept, and the
// gradient stays free of a mean and of a component along x_hat in every channel.
TEST(NormBackward, WholePassAgainstFloat) {
  Rng rng(99);
  const int channels = 8, rows = 4000, e_y = -12;
  std::vector<int16_t> y(rows * channels), e(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    const int c = static_cast<int>(i % channels);
    int64_t bell = 0;
    for (int j = 0; j < 6; ++j) bell += rng.range(-500 - 300 * c, 500 + 300 * c);
    y[i] = static_cast<int16_t>(clip(static_cast<double>(bell + 700 * c - 2000), -kS16Max, kS16Max));
    e[i] = static_cast<int16_t>(rng.range(-3000, 3000) + y[i] / 8 + 500);
  }
  std::vector<int64_t> s1(channels), s2(channels), sum_e(channels), sum_ex(channels), kappa(channels);
  batch_norm_sums_reference({y.data(), rows, channels, s1.data(), s2.data()});
  std::vector<int32_t> mult, offset, shift, k, b, a;
  std::vector<int> gamma = {64, -64, 127, 5, 90, -20, 33, 64};
  uint64_t max_kappa = 0;
  for (size_t c = 0; c < channels; ++c) {
    const Moments m = batch_norm_moments(s1[c], s2[c], rows);
    const uint32_t sigma = batch_norm_sigma(m.var_q16, e_y);
    const Affine f = batch_norm_affine(m.mean_q16, sigma);
    mult.push_back(f.mult), offset.push_back(f.offset), shift.push_back(f.shift);
    kappa[c] = batch_norm_kappa(gamma[c], 0, sigma);
    max_kappa = std::max(max_kappa, magnitude(kappa[c]));
  }
  std::vector<int8_t> x(y.size()), dst(y.size());
  batch_norm_normalize_reference({y.data(), rows, channels, mult.data(), offset.data(), shift.data(), x.data()});
  const std::vector<int16_t> errors = e;
  batch_norm_backward_sums_reference({e.data(), 0, nullptr, x.data(), rows, channels, sum_e.data(), sum_ex.data()});
  const int t = quantize_shift(max_kappa, 12);
  for (size_t c = 0; c < channels; ++c) {
    const BackwardCoefficients q = batch_norm_coefficients(kappa[c], t, sum_e[c], sum_ex[c], rows);
    k.push_back(q.k), b.push_back(q.b), a.push_back(q.a);
  }
  NormBackward p{e.data(), x.data(), rows, channels, k.data(), b.data(), a.data(), 0, dst.data()};
  p.shift = quantize_shift(batch_norm_backward_max_reference(p), 8);
  batch_norm_backward_quantize_reference(p);
  const int exp = batch_norm_diff_exp(-20, t, e_y) + p.shift;

  std::vector<double> got, expected;
  for (size_t c = 0; c < channels; ++c) {
    double mean = 0, var = 0, mean_e = 0, mean_ex = 0;
    for (size_t i = c; i < y.size(); i += channels) mean += y[i], mean_e += errors[i];
    mean /= rows, mean_e /= rows;
    for (size_t i = c; i < y.size(); i += channels) var += (y[i] - mean) * (y[i] - mean);
    const double sigma = std::sqrt(var / rows + std::ldexp(1.0, -17 - 2 * e_y));
    for (size_t i = c; i < y.size(); i += channels) mean_ex += errors[i] * (y[i] - mean) / sigma / rows;
    double sum_got = 0, along = 0, size = 0;
    for (size_t i = c; i < y.size(); i += channels) {
      const double x_hat = (y[i] - mean) / sigma;
      expected.push_back(std::ldexp(gamma[c] / 64.0 / sigma * (errors[i] - mean_e - x_hat * mean_ex), -20 - e_y));
      got.push_back(std::ldexp(static_cast<double>(dst[i]), exp));
      sum_got += got.back(), along += got.back() * x_hat, size += std::fabs(got.back());
    }
    EXPECT_LT(std::fabs(sum_got), 0.02 * size + std::ldexp(0.02 * rows, exp)) << "channel " << c;
    EXPECT_LT(std::fabs(along), 0.03 * size + std::ldexp(0.02 * rows, exp)) << "channel " << c;
  }
  EXPECT_GT(intrain::test::cosine(got, expected), 0.9995);
  double bias = 0, total = 0;
  for (size_t i = 0; i < got.size(); ++i) bias += got[i] - expected[i], total += std::fabs(expected[i]);
  EXPECT_LT(std::fabs(bias), 0.002 * total);
}

}  // namespace
}  // namespace intrain::ops
