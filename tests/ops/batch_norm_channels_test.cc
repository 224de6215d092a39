// Batch normalization of all channels: the grid of x_hat, maps from moments, running statistics, the backward pass, against float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/batch_norm/channels.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

size_t index(int64_t i) { return static_cast<size_t>(i); }

// Room for the maps of some channels.
struct Maps {
  explicit Maps(int channels) : sigma(index(channels)), mult(sigma.size()), offset(sigma.size()), shift(sigma.size()) {}
  operator NormMaps() { return {sigma.data(), mult.data(), offset.data(), shift.data()}; }
  std::vector<uint32_t> sigma;
  std::vector<int32_t> mult, offset, shift;
};

TEST(NormGrid, ByHand) {
  const auto expect = [](int bits, bool activation, int shift, int limit, int left, int exp) {
    Widths w;
    w.x_hat = bits;
    const NormGrid g = norm_grid(w, activation);
    EXPECT_EQ(g.shift, shift) << bits;
    EXPECT_EQ(g.limit, limit) << bits;
    EXPECT_EQ(g.left, left) << bits;
    EXPECT_EQ(g.exp, exp) << bits;
  };
  expect(16, true, -4, 32767, 0, -8);
  expect(16, false, 0, 127, 0, -4);
  expect(8, true, 0, 127, 4, -8);
  expect(6, true, 2, 31, 6, -8);
  expect(6, false, 2, 31, 2, -4);
  expect(2, true, 6, 1, 10, -8);
}

// y = 1, 2, 4 and -1, -2, -3 at 2^-5 and 2^-3. Moments: 7/3 and 14/9; -2 and 2/3. Variances in 2^-16: 101945 and floor(2 65536 / 3) = 43690.
// New statistics are 102 / 1024 of the way to the moments: mean 2^32 (152917 2^-16 2^-5) = 152917 2^11 of 1/3 below, 313174016 102 / 1024 =
// 31195068; -2 2^-3 2^32 = -2^30: -106954752. From 2^32, to 101945 2^16 2^-10 = 101945 2^6 and 43690 2^16 2^-6 = 43690 2^10.
TEST(NormStatistics, ByHand) {
  const int32_t shift[] = {0, 2};
  const int64_t sums[] = {7, -6, 21, 14};
  int64_t mean[2], var[2];
  running_reset(2, mean, var);
  EXPECT_EQ(mean[1], 0);
  EXPECT_EQ(var[1], int64_t{1} << 32);
  Maps maps(2);
  const Widths widths;
  const NormInput in{2, -5, shift};
  batch_norm_statistics(in, sums, 3, widths, norm_grid(widths, false), mean, var, maps);
  EXPECT_EQ(mean[0], 31195068);
  EXPECT_EQ(mean[1], -106954752);
  const auto moved = [](int64_t to) { return (int64_t{1} << 32) + rshift_round((to - (int64_t{1} << 32)) * 102, 10); };
  EXPECT_EQ(var[0], moved(int64_t{101945} << 6));
  EXPECT_EQ(var[1], moved(int64_t{43690} << 10));
  // Variance and epsilon, 2^9 and 2^5 in 2^-16: sigma = floor(sqrt(102457 65536)) = 81942, floor(sqrt(43722 65536)) = 53529.
  EXPECT_EQ(maps.sigma[0], 81942u);
  EXPECT_EQ(maps.sigma[1], 53529u);
  EXPECT_EQ(maps.shift[0], 10);  // 17 bits, less 7
  EXPECT_EQ(maps.shift[1], 9);
  EXPECT_EQ(maps.mult[0], 13104);  // 2^30 / 81942 = 13103.7
  // The mean of the first in 3 significant bits, 152917 = 2.33 to 163840 = 2.5; its sigma in 2 bits, 1.2503 to 1.5.
  Widths coarse;
  coarse.mu = 3;
  coarse.sigma = 2;
  coarse.x_hat = 6;
  batch_norm_statistics(in, sums, 3, coarse, norm_grid(coarse, true), mean, var, maps);
  EXPECT_EQ(maps.sigma[0], 98304u);
  EXPECT_EQ(maps.mult[0], 10923);                                         // 2^30 / 98304 = 10922.7
  EXPECT_EQ(maps.offset[0], -rshift_round(int64_t{163840} * 10923, 16));  // 2.5 of them
  EXPECT_EQ(maps.shift[0], 12);
}

// One element a channel has no variance of its own, but one around the running mean. Over many it becomes that of all elements, and 0.0996 / (2 -
// 0.0996) of it more, because the running mean is itself one of about 19 elements.
TEST(NormStatistics, SingleElementsHaveAVariance) {
  Rng rng(3);
  int64_t mean = 0, var = int64_t{1} << 32;
  long double mean_sum = 0, var_sum = 0;
  constexpr int kSteps = 40000, kSkipped = 200;
  for (int i = 0; i < kSteps; ++i) {
    const int64_t y = 700 + rng.range(-1000, 1000), sums[] = {y, y * y};
    batch_norm_update_running({1, -8, nullptr}, sums, 1, &mean, &var);
    if (i < kSkipped) continue;
    mean_sum += std::ldexp(static_cast<long double>(mean), -24) / (kSteps - kSkipped);
    var_sum += std::ldexp(static_cast<long double>(var), -16) / (kSteps - kSkipped);
  }
  const long double expected = (2001.0L * 2001 - 1) / 12, share = 102.0L / 1024;
  // Standard errors over the steps: 577 / sqrt(40000) = 2.9 of the mean; of squares 0.9 variances / sqrt(40000) = 0.0045 of them.
  EXPECT_NEAR(static_cast<double>(mean_sum), 700, 4 * 2.9);
  EXPECT_NEAR(static_cast<double>(var_sum / (expected * (1 + share / (2 - share)))), 1, 4 * 0.0045);
}

// The largest there is, 2^31 sqrt(1.25), ends within 32 bits however it is rounded.
TEST(NormStatistics, SigmaStaysWithin32Bits) {
  const int64_t mean = 0, var = kRunningMost;
  Maps maps(1);
  Widths widths;
  for (widths.sigma = 32; widths.sigma >= 2; --widths.sigma) {
    batch_norm_fold({1, -30, nullptr}, &mean, &var, widths, norm_grid(widths, false), maps);
    EXPECT_NEAR(maps.sigma[0], std::exp2(31) * std::sqrt(1.25), 1 + std::exp2(31 - widths.sigma)) << widths.sigma;
  }
}

// Of each map, x_hat 2^exp = (y - mean) / sqrt(var + 2^-17): half a step, what mult's relative error of 2^-14 and the offset's half make of it,
// and 2^-mu, 2^-sigma of few bits.
TEST(NormMaps, AreFloat64) {
  for (const bool training : {true, false})
    for (const int bits : {32, 8})
      for (const int x_hat : {16, 8}) {
        Rng rng(7);
        Widths widths;
        widths.mu = widths.sigma = bits;
        widths.x_hat = x_hat;
        const NormGrid grid = norm_grid(widths, true);
        constexpr int kChannels = 9, kCount = 500;
        std::vector<int32_t> shift(kChannels);
        std::vector<int64_t> sums(2 * kChannels), mean(kChannels), var(kChannels);
        std::vector<std::vector<int64_t>> y(kChannels);
        for (int c = 0; c < kChannels; ++c) {
          shift[index(c)] = c;
          const int64_t center = rng.range(-9000, 9000), spread = int64_t{1} << rng.range(3, 14);
          for (int i = 0; i < kCount; ++i) {
            y[index(c)].push_back(center + rng.range(-spread, spread));
            sums[index(c)] += y[index(c)].back();
            sums[index(kChannels + c)] += y[index(c)].back() * y[index(c)].back();
          }
        }
        const NormInput in{kChannels, -12, shift.data()};
        Maps maps(kChannels);
        running_reset(kChannels, mean.data(), var.data());
        // Until the running statistics are those of the batch.
        for (int step = 0; step < (training ? 1 : 400); ++step)
          batch_norm_statistics(in, sums.data(), kCount, widths, grid, mean.data(), var.data(), maps);
        if (!training) batch_norm_fold(in, mean.data(), var.data(), widths, grid, maps);
        for (int c = 0; c < kChannels; ++c) {
          const double unit = std::exp2(in.exp_of(c)), m = static_cast<double>(sums[index(c)]) / kCount;
          double v = 0;
          for (int64_t value : y[index(c)]) v += (static_cast<double>(value) - m) * (static_cast<double>(value) - m) / kCount;
          const double sigma = std::sqrt(v + std::exp2(-17) / unit / unit),
                       sigma_error = std::exp2(-13) + std::exp2(-bits) + 1e-4;
          const double mean_error = std::fabs(m) / sigma * (std::exp2(-bits) + std::exp2(-13)) + 1e-3;
          for (int64_t value : y[index(c)]) {
            const double want = (static_cast<double>(value) - m) / sigma;
            const int64_t f = rshift_round(value * maps.mult[index(c)] + maps.offset[index(c)], maps.shift[index(c)]);
            const double got = std::ldexp(static_cast<double>(clamp(f, -grid.limit, grid.limit)), grid.exp + grid.left);
            ASSERT_LE(std::fabs(got - want), std::ldexp(0.5, grid.exp + grid.left) + std::fabs(want) * sigma_error + mean_error)
                << "channel " << c << ", " << value;
          }
        }
      }
}

// One channel, s = 1, sigma 2^18, gamma 64: kappa = 64 2^47 / 2^18 = 2^35, T = 25, k = 1024. n = 4, Se = 6, Sx = 2^14: a = -1536, b = -1024 2^14 /
// 2^18 = -64. The exponent of v: -20 + 25 - 38 + 12.
TEST(NormBackwardChannels, ByHand) {
  const int32_t shift[] = {1};
  const int8_t gamma[] = {64};
  const uint32_t sigma[] = {1 << 18};
  const int64_t sums[] = {6, 1 << 14};
  int32_t k, b, a;
  EXPECT_EQ(batch_norm_backward_channels({1, -12, shift}, gamma, sigma, sums, 4, false, -20, &k, &b, &a), -21);
  EXPECT_EQ(k, 1024);
  EXPECT_EQ(a, -1536);
  EXPECT_EQ(b, -64);
  EXPECT_EQ(batch_norm_backward_channels({1, -12, shift}, gamma, sigma, sums, 4, true, -20, &k, &b, &a), -21);
  EXPECT_EQ(k, 1024);
  EXPECT_EQ(a, 0);
  EXPECT_EQ(b, 0);
  EXPECT_EQ(gamma_gradient_exp(-20), -24);
}

// v 2^exp = gamma / sigma (e - mean e - x_hat mean(e x_hat)) in reals: off by what the steps of k (at most 1, for it ends at 2047), b and a (half
// of one each) make of it.
TEST(NormBackwardChannels, AreFloat64) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    constexpr int kChannels = 5, kCount = 300;
    const bool constants = seed % 4 == 3;
    std::vector<int32_t> shift(kChannels), k(kChannels), b(kChannels), a(kChannels);
    std::vector<int8_t> gamma(kChannels);
    std::vector<uint32_t> sigma(kChannels);
    std::vector<int64_t> sums(2 * kChannels);
    const auto e = random_vector<int16_t>(rng, Fill::kUniform, kChannels * kCount, -3000, 32767);
    const auto x = random_vector<int8_t>(rng, Fill::kUniform, kChannels * kCount, -127, 127);
    for (int c = 0; c < kChannels; ++c) {
      shift[index(c)] = static_cast<int32_t>(rng.range(0, 3));
      gamma[index(c)] = static_cast<int8_t>(rng.range(-127, 127));
      sigma[index(c)] = static_cast<uint32_t>(rng.range(1 << 18, 1 << 22));
      for (int i = 0; i < kCount; ++i) {
        sums[index(c)] += e[index(i * kChannels + c)];
        sums[index(kChannels + c)] += e[index(i * kChannels + c)] * x[index(i * kChannels + c)];
      }
    }
    const int e_exp = -25, in_exp = -13;
    const int exp = batch_norm_backward_channels({kChannels, in_exp, shift.data()}, gamma.data(), sigma.data(), sums.data(),
                                                 kCount, constants, e_exp, k.data(), b.data(), a.data());
    int32_t largest = 0;
    for (int c = 0; c < kChannels; ++c) {
      largest = std::max(largest, std::abs(k[index(c)]));
      const double se = static_cast<double>(sums[index(c)]) / kCount,
                   sx = static_cast<double>(sums[index(kChannels + c)]) / kCount;
      const double scale = std::ldexp(gamma[index(c)], -6) / std::ldexp(sigma[index(c)], in_exp + shift[index(c)] - 16);
      for (int i = 0; i < kCount; ++i) {
        const double ei = e[index(i * kChannels + c)], xi = x[index(i * kChannels + c)];
        const double through = constants ? 0 : se + xi * sx / 256;
        const double want = std::ldexp(scale * (ei - through), e_exp - exp);  // in units of v
        const double got = k[index(c)] * ei + b[index(c)] * 256.0 * xi + a[index(c)];
        ASSERT_LE(std::fabs(got - want), 1.001 * std::fabs(ei - through) + (constants ? 0 : 0.5 + 128 * std::fabs(xi))) << seed;
      }
    }
    EXPECT_GE(largest, 1024) << "all bits of k are taken";
  }
}

}  // namespace
}  // namespace intrain::ops
