// Pooling forward and backward.
#include "ops/pool/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// Two channels, 4 pixels: (1 + 2 + 3 + 4) / 4 = 2.5 -> 2, doubled (shift 1) 5; 255 stays 255, and clamps when doubled.
TEST(GlobalAveragePool, ByHand) {
  const uint8_t src[] = {1, 255, 2, 255, 3, 255, 4, 255};
  uint8_t dst[2];
  global_average_pool_reference({src, 4, 2, 0, dst});
  EXPECT_EQ(dst[0], 2);
  EXPECT_EQ(dst[1], 255);
  global_average_pool_reference({src, 4, 2, 1, dst});
  EXPECT_EQ(dst[0], 5);
  EXPECT_EQ(dst[1], 255);
}

// float64 rounds the exact quotient: a quotient of integers below 2^30 by pixels < 2^12 that is no tie is 2^-13 or more away from
// one.
TEST(GlobalAveragePool, IsFloat64) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int pixels : {1, 2, 3, 7, 16, 49, 64, 100, 3136})
      for (int shift : {0, 1, 3}) {
        Rng rng(seed++);
        const int channels = 5;
        const auto src = random_vector<uint8_t>(rng, fill, pixels * channels, 0, fill == Fill::kUniform ? 255 >> shift : kU8Max);
        std::vector<uint8_t> dst(channels);
        global_average_pool_reference({src.data(), pixels, channels, shift, dst.data()});
        for (int c = 0; c < channels; ++c) {
          double sum = 0;
          for (int i = 0; i < pixels; ++i) sum += src[static_cast<size_t>(i * channels + c)];
          ASSERT_EQ(dst[static_cast<size_t>(c)], intrain::test::clip(std::nearbyint(std::ldexp(sum, shift) / pixels), 0, kU8Max));
        }
      }
}

// 49 pixels: K = 5, r = 2^20 / 49 = 21399.5 -> 21400 (21399.51). 64: r = 2^15, K = 6.
TEST(PoolReciprocal, ByHand) {
  EXPECT_EQ(pool_reciprocal(49).log2, 5);
  EXPECT_EQ(pool_reciprocal(49).r, 21400);
  EXPECT_EQ(pool_reciprocal(64).log2, 6);
  EXPECT_EQ(pool_reciprocal(64).r, 32768);
  for (int64_t pixels = 1; pixels < 5000; ++pixels) {
    const PoolReciprocal p = pool_reciprocal(pixels);
    ASSERT_GT(p.r, 1 << 14);
    ASSERT_LE(p.r, 1 << 15);
  }
}

// In steps of 2^-K: r is off by 1/2 of 2^-15 relative to 2^15, |e| times that at most 1/2; the result is rounded: 1/2. Exact for
// powers of two.
TEST(GlobalAveragePool, BackwardIsWithinItsBoundOfFloat) {
  for (int pixels : {1, 2, 3, 5, 16, 49, 63, 64, 65, 100, 1023})
    for (Fill fill : intrain::test::kAllFills) {
      Rng rng(static_cast<uint64_t>(pixels));
      const int channels = 9;
      const auto dy = random_vector<int16_t>(rng, fill, channels, -kS16Max, kS16Max);
      const PoolReciprocal p = pool_reciprocal(pixels);
      std::vector<int16_t> dx(static_cast<size_t>(pixels * channels));
      global_average_pool_backward_reference({dy.data(), pixels, channels, p.r, dx.data()});
      const bool power = (pixels & (pixels - 1)) == 0;
      for (size_t i = 0; i < dx.size(); ++i) {
        const double real = std::ldexp(static_cast<double>(dy[i % channels]), p.log2) / pixels;
        ASSERT_LE(std::fabs(dx[i] - real), power ? 0 : 0.5 + std::ldexp(std::abs(dy[i % channels]), -16)) << pixels;
      }
    }
}

// 3x3, window 2, stride 1: maxima with the first of equals.
//   1 5 5      5 (tap 1)  5 (tap 0)
//   2 5 0      9 (tap 3)  9 (tap 2)
//   7 9 9
// Backward of 10 20 / 30 40: pixel (0,1) wins twice: 10 + 20; pixel (2,1) twice: 30 + 40.
TEST(MaxPool, ByHand) {
  const MaxPoolShape p{3, 3, 1, 2, 1, 0};
  const uint8_t src[] = {1, 5, 5, 2, 5, 0, 7, 9, 9};
  uint8_t dst[4], index[4];
  max_pool_reference({p, src, dst, index});
  EXPECT_EQ(std::vector<int>(dst, dst + 4), (std::vector<int>{5, 5, 9, 9}));
  EXPECT_EQ(std::vector<int>(index, index + 4), (std::vector<int>{1, 0, 3, 2}));
  const int16_t dy[] = {10, 20, 30, 40};
  int32_t dx[9];
  max_pool_backward_reference({p, dy, index, dx});
  EXPECT_EQ(std::vector<int>(dx, dx + 9), (std::vector<int>{0, 30, 0, 0, 0, 0, 0, 70, 0}));
}

// Against a float64 max over an image padded with -infinity; the gradient goes to the first winner.
TEST(MaxPool, IsFloat64) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    MaxPoolShape p{};
    p.h = static_cast<int>(rng.range(1, 12));
    p.w = static_cast<int>(rng.range(1, 12));
    p.c = static_cast<int>(rng.range(1, 4));
    p.size = static_cast<int>(rng.range(1, round % 20 == 0 ? 15 : 4));
    p.stride = static_cast<int>(rng.range(1, 3));
    p.pad = static_cast<int>(rng.range(0, p.size - 1));
    if (p.h + 2 * p.pad < p.size || p.w + 2 * p.pad < p.size) continue;
    const auto src = random_vector<uint8_t>(rng, intrain::test::kAllFills[round % 5], p.h * p.w * p.c, 0, kU8Max);
    const int64_t n = int64_t{p.oh()} * p.ow() * p.c;
    const auto dy = random_vector<int16_t>(rng, intrain::test::kAllFills[round % 4], n, -kS16Max, kS16Max);
    std::vector<uint8_t> dst(static_cast<size_t>(n)), index(dst.size());
    std::vector<int32_t> dx(src.size(), 99);
    max_pool_reference({p, src.data(), dst.data(), index.data()});
    max_pool_backward_reference({p, dy.data(), index.data(), dx.data()});
    std::vector<double> real(src.size());
    for (int oh = 0; oh < p.oh(); ++oh)
      for (int ow = 0; ow < p.ow(); ++ow)
        for (int c = 0; c < p.c; ++c) {
          double best = -INFINITY;
          size_t where = 0;
          int tap = -1;
          for (int i = 0; i < p.size * p.size; ++i) {
            const int y = oh * p.stride - p.pad + i / p.size, x = ow * p.stride - p.pad + i % p.size;
            if (y < 0 || y >= p.h || x < 0 || x >= p.w) continue;
            const size_t at = static_cast<size_t>((y * p.w + x) * p.c + c);
            if (src[at] > best) best = src[at], where = at, tap = i;
          }
          const size_t o = static_cast<size_t>((oh * p.ow() + ow) * p.c + c);
          ASSERT_EQ(dst[o], best);
          ASSERT_EQ(index[o], tap);
          real[where] += dy[o];
        }
    for (size_t i = 0; i < dx.size(); ++i) ASSERT_EQ(dx[i], real[i]);
  }
}

// The maximum and the exponent of what the kernel makes: 2 2^15 / 49 = 1.3 of 2^15, K = 5.
TEST(GlobalAveragePool, BackwardKeepsTheTrueMaximum) {
  const PoolReciprocal r = pool_reciprocal(49);
  EXPECT_EQ(average_pool_backward_exp(-20, r), -25);
  EXPECT_EQ(average_pool_shift(-4, -5), 1);
  for (const int pixels : {1, 2, 3, 49, 64, 1000})
    for (const int16_t dy : {0, 1, -3, 1000, 32767, -32767}) {
      std::vector<int16_t> dx(static_cast<size_t>(pixels));
      const PoolReciprocal reciprocal = pool_reciprocal(pixels);
      global_average_pool_backward_reference({&dy, pixels, 1, reciprocal.r, dx.data()});
      EXPECT_EQ(average_pool_backward_max(std::abs(dy), reciprocal), std::abs(dx[0])) << dy << " over " << pixels;
    }
}

}  // namespace
}  // namespace intrain::ops
