// E1: per-image exponents, staging to s16, quantization to s8.
#include "ops/error/error.h"

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

using intrain::test::clip;
using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// max 100000 has 17 bits: top = -20 + 17 = -3, exp = -18, shift 2. With an addend of max 1000 (10 bits) at -10: top = 0, exp =
// -14: shifts 6 and -4. Zeros are left out.
TEST(ErrorScale, ByHand) {
  ErrorScale s = error_scale(100000, -20, 0, 5);
  EXPECT_EQ(s.exp, -18);
  EXPECT_EQ(s.acc_shift, 2);
  s = error_scale(100000, -20, 1000, -10);
  EXPECT_EQ(s.exp, -14);
  EXPECT_EQ(s.acc_shift, 6);
  EXPECT_EQ(s.addend_shift, -4);
  s = error_scale(0, 100, 1000, -10);
  EXPECT_EQ(s.exp, -14);
  EXPECT_EQ(s.addend_shift, -4);
  EXPECT_EQ(s.acc_shift, 0);
  s = error_scale(0, -7, 0, 9);
  EXPECT_EQ(s.exp, -7);
  EXPECT_EQ(s.acc_shift, 0);
}

// shift 2: 10 / 4 = 2.5 -> 2, -6 / 4 = -1.5 -> -2, 131071 / 4 = 32767.75 -> 32768 -> 32767. With an addend at shift -1:
// 2 + 2 * 5 = 12, -2 - 2 = -4, 32768 + 0 -> 32767.
TEST(ErrorStage, ByHand) {
  const int32_t acc[] = {10, -6, 131071};
  int16_t dst[3];
  EXPECT_EQ(error_stage_reference({acc, nullptr, {0, 2, 0}, 3, dst}), 32767);
  EXPECT_EQ(std::vector<int>(dst, dst + 3), (std::vector<int>{2, -2, 32767}));
  int16_t addend[] = {5, -1, 0};
  EXPECT_EQ(error_stage_reference({acc, addend, {0, 2, -1}, 3, addend}), 32767);  // in place
  EXPECT_EQ(std::vector<int>(addend, addend + 3), (std::vector<int>{12, -4, 32767}));
}

// Alone: within half a step, or less than one where it is clamped. With an addend each of the two is rounded: within one step
// (both maxima are below 2^14 steps, so that the sum is clamped only where both have been rounded up to 2^14, and then by less
// than one). The scale is no coarser than it must be: the larger of the two maxima takes at least 14 (13 with an addend) bits.
TEST(ErrorStage, IsWithinItsBoundOfFloat) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int width : {1, 5, 14, 15, 16, 22, 30})
      for (int addend_exp : {-1000, -70, -31, -24, -20, -19, -6, 0, 60}) {  // -1000: no addend
        Rng rng(seed++);
        const int acc_exp = -20, n = 101;
        const int64_t limit = (int64_t{1} << width) - 1;
        const auto acc32 = random_vector<int32_t>(rng, fill, n, -limit, limit);
        const bool with = addend_exp != -1000;
        const int64_t addend_limit = (int64_t{1} << rng.range(1, 15)) - 1;
        auto addend = random_vector<int16_t>(rng, fill, n, -addend_limit, addend_limit);
        uint32_t acc_max = max_abs_reference({acc32.data(), n}), addend_max = 0;
        for (int16_t v : addend) addend_max = with ? std::max<uint32_t>(addend_max, static_cast<uint32_t>(std::abs(v))) : 0;
        const ErrorScale s = error_scale(acc_max, acc_exp, addend_max, addend_exp);
        ASSERT_GE(s.acc_shift, -15);
        ASSERT_GE(s.addend_shift, -15);
        std::vector<int16_t> dst(n);
        const int32_t max = error_stage_reference({acc32.data(), with ? addend.data() : nullptr, s, n, dst.data()});
        double largest = 0, real_max = 0;
        for (size_t i = 0; i < dst.size(); ++i) {
          double real = std::ldexp(acc32[i], acc_exp - s.exp);
          if (with && addend_max != 0) real += std::ldexp(addend[i], addend_exp - s.exp);
          const bool clamped = std::abs(dst[i]) == kS16Max, two = with && addend_max != 0 && acc_max != 0;
          ASSERT_LE(std::fabs(dst[i] - real), clamped || two ? 1.0 : 0.5) << "element " << i << ", seed " << seed - 1;
          largest = std::max(largest, std::fabs(static_cast<double>(dst[i])));
          real_max = std::max({real_max, std::fabs(std::ldexp(acc32[i], acc_exp - s.exp)),
                               with && addend_max != 0 ? std::fabs(std::ldexp(addend[i], addend_exp - s.exp)) : 0});
        }
        ASSERT_EQ(max, largest);
        if (acc_max != 0 || addend_max != 0) {
          ASSERT_GE(real_max, with && addend_max != 0 ? 8192 : 16384) << "seed " << seed - 1;
        }
      }
}

TEST(ErrorTop, ByHand) {
  // -10 + 7 bits (100), nothing (0), -6 + 2 bits (3): -3, -, -4.
  const int32_t exp[] = {-10, 50, -6}, max[] = {100, 0, 3}, none[] = {0, 0, 0};
  EXPECT_EQ(error_top(exp, max, 3), -3);
  EXPECT_EQ(error_top(exp, none, 3), INT32_MIN / 2);
}

// Aligned to the top, every image's values fit s16: shift = top - 15 - exp, at least -15.
TEST(ErrorTop, AlignedImagesFit) {
  Rng rng(5);
  for (int round = 0; round < 2000; ++round) {
    int32_t exp[4], max[4];
    for (int n = 0; n < 4; ++n) {
      exp[n] = static_cast<int32_t>(rng.range(-40, -10));
      max[n] = static_cast<int32_t>(rng.range(0, 3) == 0 ? 0 : magnitude(rng.any_width(15)));
    }
    const int top = error_top(exp, max, 4);
    bool full = false;
    for (int n = 0; n < 4; ++n) {
      if (max[n] == 0) continue;
      const double aligned = std::ldexp(max[n], exp[n] - (top - 15));
      ASSERT_LT(aligned, 32768);
      ASSERT_GE(top - 15 - exp[n], -15);
      full = full || aligned >= 16384;
    }
    ASSERT_TRUE(full || top == INT32_MIN / 2);
  }
}

TEST(ErrorQuantize, IsFloat64) {
  // By hand: 20 / 8 = 2.5 -> 2, 28 / 8 = 3.5 -> 4, 1023 / 8 -> 128 -> 127, -1023 -> -127.
  const int32_t src[] = {20, 28, 1023, -1023};
  int8_t out[4];
  error_quantize_reference({src, nullptr, 4, 3, out});
  EXPECT_EQ(std::vector<int>(out, out + 4), (std::vector<int>{2, 4, 127, -127}));
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int shift = 0; shift <= 24; ++shift) {
      Rng rng(seed++);
      const auto wide = random_vector<int32_t>(rng, fill, 300, -(1 << 30), 1 << 30);
      const auto narrow = random_vector<int16_t>(rng, fill, 300, -kS16Max, kS16Max);
      std::vector<int8_t> dst(300);
      error_quantize_reference({wide.data(), nullptr, 300, shift, dst.data()});
      for (size_t i = 0; i < 300; ++i) ASSERT_EQ(dst[i], clip(std::nearbyint(std::ldexp(wide[i], -shift)), -127, 127));
      error_quantize_reference({nullptr, narrow.data(), 300, shift, dst.data()});
      for (size_t i = 0; i < 300; ++i) ASSERT_EQ(dst[i], clip(std::nearbyint(std::ldexp(narrow[i], -shift)), -127, 127));
    }
}

// Stochastic: floor((src + u) / 2^shift), u from the byte of (sample, element); on average the value itself, within the 2^-9 of
// eight bits and 5 standard deviations of a mean of 40,000.
TEST(ErrorQuantize, StochasticIsUnbiased) {
  const int n = 40000;
  for (int shift : {1, 5, 8, 9, 14, 24})
    for (double value : {0.0, 0.01, 0.25, -0.5, 1.75, -100.3, 126.9}) {
      const std::vector<int32_t> src(n, static_cast<int32_t>(std::lround(std::ldexp(value, shift))));
      const double real = std::ldexp(src[0], -shift);
      std::vector<int8_t> dst(n);
      const ErrorRandom random{{7, RandomUse::kError, static_cast<uint32_t>(shift), 1}, 2};
      error_quantize_reference({src.data(), nullptr, n, shift, dst.data(), &random});
      double sum = 0;
      for (int i = 0; i < n; ++i) {
        const int8_t q = dst[static_cast<size_t>(i)];
        const double u = std::floor(std::ldexp(2.0 * random.stream.byte(2, i) + 1, shift - 9));
        ASSERT_EQ(q, clip(std::floor(std::ldexp(src[0] + u, -shift)), -127, 127));
        sum += q;
      }
      const double up = real - std::floor(real);
      EXPECT_NEAR(sum / n, real, std::ldexp(1.0, -9) + 5 * std::sqrt(std::max(up * (1 - up), 1e-9) / n))
          << value << " by " << shift;
    }
}

// Samples, steps and tensors have bits of their own.
TEST(ErrorQuantize, RandomBitsDependOnEveryField) {
  const std::vector<int16_t> src(300, 8);  // half a step: up or not by one bit each
  const auto run = [&](const ErrorRandom& random) {
    std::vector<int8_t> dst(300);
    error_quantize_reference({nullptr, src.data(), 300, 4, dst.data(), &random});
    return dst;
  };
  const ErrorRandom base{{1, RandomUse::kError, 2, 3}, 4};
  EXPECT_EQ(run(base), run(base));
  EXPECT_NE(run(base), run({{1, RandomUse::kError, 2, 3}, 5}));
  EXPECT_NE(run(base), run({{1, RandomUse::kError, 2, 4}, 4}));
  EXPECT_NE(run(base), run({{1, RandomUse::kError, 3, 3}, 4}));
  EXPECT_NE(run(base), run({{2, RandomUse::kError, 2, 3}, 4}));
}

// Two planes of 16 bits: 600 = 2 * 256 + 88, 128 above a multiple of 256 becomes 127, and the clamp.
TEST(ErrorQuantize, PlanesByHand) {
  const int32_t src[] = {600, 128, -128, 384, -385, 40000, -40000, 0};
  int8_t high[8], low[8];
  error_quantize_reference({src, nullptr, 8, 0, high, nullptr, {low, false, kPlanesMax}});
  EXPECT_EQ(std::vector<int>(high, high + 8), (std::vector<int>{2, 0, -1, 1, -2, 127, -127, 0}));
  EXPECT_EQ(std::vector<int>(low, low + 8), (std::vector<int>{88, 127, 127, 127, 127, 127, -127, 0}));
  error_quantize_reference(
      {src, nullptr, 8, 1, high, nullptr, {low, false, 255}});  // 9 bits: 20000 -> 255 = 0 * 256 + 255 -> 1, -1
  EXPECT_EQ(high[5], 1);
  EXPECT_EQ(low[5], -1);
}

// Every 16-bit code is its planes' sum, but for those 128 above a multiple of 256, which are one less.
TEST(ErrorQuantize, PlanesHoldEveryCode) {
  for (int32_t v = -kPlanesMax; v <= kPlanesMax; ++v) {
    const Planes p = split_planes(v);
    ASSERT_TRUE(std::abs(p.high) <= 127 && std::abs(p.low) <= 127);
    ASSERT_EQ(p.high * 256 + p.low, (v & 255) == 128 ? v - 1 : v);
  }
}

// The flag format: from a step of the upper range on 8 bits of it, below it 8 bits of a range 2^7 times finer.
TEST(ErrorQuantize, FlagByHand) {
  const int32_t src[] = {1024, 1023, 5000, -1500, 500, -7, 200000, 0};
  int8_t high[8], low[8];
  error_quantize_reference({src, nullptr, 8, 10, high, nullptr, {low, true, 0}});
  EXPECT_EQ(std::vector<int>(high, high + 8), (std::vector<int>{1, 0, 5, -1, 0, 0, 127, 0}));
  EXPECT_EQ(std::vector<int>(low, low + 8), (std::vector<int>{0, 127, 0, 0, 62, -1, 0, 0}));  // 500 / 8 = 62.5, -7 / 8 = -0.9
  error_quantize_reference({src, nullptr, 8, 3, high, nullptr, {low, true, 0}});              // the fine range is exact
  EXPECT_EQ(low[5], -7 * 16);
  EXPECT_EQ(high[5], 0);
}

// Both formats against float64: within half a step of the range that a value lies in, or where it is clamped.
TEST(ErrorQuantize, PlanesAreFloat64) {
  uint64_t seed = 1;
  for (const bool flag : {false, true})
    for (int shift = 0; shift <= 24; ++shift) {
      Rng rng(seed++);
      const int64_t most = (int64_t{flag ? kS8Max : kPlanesMax} << shift) + (int64_t{1} << shift) / 2;
      const auto src =
          random_vector<int32_t>(rng, Fill::kUniform, 300, -std::min<int64_t>(most, 1 << 30), std::min<int64_t>(most, 1 << 30));
      std::vector<int8_t> high(300), low(300);
      error_quantize_reference({src.data(), nullptr, 300, shift, high.data(), nullptr, {low.data(), flag, kPlanesMax}});
      for (size_t i = 0; i < 300; ++i) {
        const double low_step = flag ? std::ldexp(1.0, shift - 7) : std::ldexp(1.0, shift),
                     high_step = low_step * (flag ? 128 : 256);
        const double value = high[i] * high_step + low[i] * low_step;
        const bool fine = !flag || std::abs(src[i]) < high_step;
        // A code that no pair of planes has costs another step; so does the lower range's clamp at 127.
        ASSERT_NEAR(value, src[i], (fine ? 1.5 * low_step : 0.5 * high_step)) << flag << " " << shift;
        if (flag) ASSERT_TRUE(high[i] == 0 || low[i] == 0);
      }
    }
}

TEST(MaxAbs, ByHand) {
  const int32_t src[] = {3, -INT32_MAX, 5};
  EXPECT_EQ(max_abs_reference({src, 3}), static_cast<uint32_t>(INT32_MAX));
  EXPECT_EQ(max_abs_reference({src, 1}), 3u);
  EXPECT_EQ(max_abs_reference({src, 0}), 0u);
}

// An image that is all zero may lie anywhere.
TEST(ErrorAlign, ByHand) {
  EXPECT_EQ(error_align(-10, -14, 5), 4);
  EXPECT_EQ(error_align(-10, -3, 5), -7);
  EXPECT_EQ(error_align(-10, 123456, 0), 0);
  const int32_t max[] = {3, 0, 32767, 8};
  EXPECT_EQ(error_max(max, 4), 32767);
  EXPECT_EQ(error_max(max, 2), 3);
  EXPECT_EQ(error_max(max, 0), 0);
}

}  // namespace
}  // namespace intrain::ops
