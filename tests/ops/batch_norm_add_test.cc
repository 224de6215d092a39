// The error below a batch norm, added to what is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"
#include "ops/error/error.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// v = 3 * 10 + 2 * 256 * 1 + 5 = 547 and -3 * 4 + 1 * 256 * 2 - 7 = 493; / 4: 136.75 -> 137, 123.25 -> 123. The addend at shift -1:
// 137 - 200, 123 + 32766 -> 32767.
TEST(BatchNormBackwardAdd, ByHand) {
  const int16_t e[] = {10, 4};
  const int8_t x_hat[] = {1, 2};
  const int32_t k[] = {3, -3}, b[] = {2, 1}, a[] = {5, -7};
  NormBackwardAdd p{};
  p.norm.e = e;
  p.norm.x_hat = x_hat;
  p.norm.rows = 1;
  p.norm.channels = 2;
  p.norm.k = k;
  p.norm.b = b;
  p.norm.a = a;
  p.v_shift = 2;
  int16_t dst[2];
  p.dst = dst;
  EXPECT_EQ(batch_norm_backward_add_reference(p), 137);
  EXPECT_EQ(std::vector<int>(dst, dst + 2), (std::vector<int>{137, 123}));
  int16_t addend[] = {-100, 16383};
  p.addend = p.dst = addend;  // in place
  p.addend_shift = -1;
  EXPECT_EQ(batch_norm_backward_add_reference(p), 32767);
  EXPECT_EQ(std::vector<int>(addend, addend + 2), (std::vector<int>{-63, 32767}));
}

// Within half a step where one of the two is zero, within one where both are rounded (as ErrorStage), and less than one more where the
// format clamps.
TEST(BatchNormBackwardAdd, IsWithinItsBoundOfFloat) {
  uint64_t seed = 1;
  for (Fill fill : intrain::test::kAllFills)
    for (int apart : {-1000, -60, -17, -14, 0, 3, 14, 16, 31, 60}) {  // -1000: no addend
      Rng rng(seed++);
      constexpr int kRows = 17, kChannels = 5, kCount = kRows * kChannels, kExp = -40;
      const auto e = random_vector<int16_t>(rng, fill, kCount, -kS16Max, kS16Max);
      const auto x_hat = random_vector<int8_t>(rng, fill, kCount, -kS8Max, kS8Max);
      const auto k = random_vector<int32_t>(rng, Fill::kUniform, kChannels, -2047, 2047);
      const auto b = random_vector<int32_t>(rng, Fill::kUniform, kChannels, -kS16Max, kS16Max);
      const auto a = random_vector<int32_t>(rng, Fill::kUniform, kChannels, -(1 << 26), 1 << 26);
      auto addend = random_vector<int16_t>(rng, fill, kCount, -kS16Max, kS16Max);
      if (apart == -1000) std::fill(addend.begin(), addend.end(), int16_t{0});
      std::vector<double> v(kCount);
      double v_max = 0, addend_max = 0;
      for (size_t i = 0; i < kCount; ++i) {
        const size_t c = i % kChannels;
        v[i] = static_cast<double>(k[c]) * e[i] + 256.0 * b[c] * x_hat[i] + a[c];
        v_max = std::max(v_max, std::fabs(v[i]));
        addend_max = std::max(addend_max, std::fabs(static_cast<double>(addend[i])));
      }
      ASSERT_LT(v_max, std::ldexp(1, 30) + std::ldexp(1, 27));
      NormBackwardAdd p{};
      p.norm.e = e.data();
      p.norm.x_hat = x_hat.data();
      p.norm.rows = kRows;
      p.norm.channels = kChannels;
      p.norm.k = k.data();
      p.norm.b = b.data();
      p.norm.a = a.data();
      const ErrorScale scale =
          error_scale(static_cast<uint32_t>(v_max), kExp, static_cast<uint32_t>(addend_max), kExp + 16 + apart);
      p.v_shift = scale.acc_shift;
      p.addend_shift = scale.addend_shift;
      p.addend = addend_max != 0 ? addend.data() : nullptr;
      std::vector<int16_t> dst(kCount);
      p.dst = dst.data();
      const int32_t max = batch_norm_backward_add_reference(p);
      double largest = 0;
      for (size_t i = 0; i < kCount; ++i) {
        const double real = std::ldexp(v[i], kExp - scale.exp) + std::ldexp(addend[i], kExp + 16 + apart - scale.exp);
        const bool two = v_max != 0 && addend_max != 0, clamped = std::abs(dst[i]) == kS16Max;
        ASSERT_LE(std::fabs(dst[i] - real), two || clamped ? 1.0 : 0.5) << "element " << i << ", seed " << seed - 1;
        largest = std::max(largest, std::fabs(static_cast<double>(dst[i])));
      }
      ASSERT_EQ(max, largest);
    }
}

}  // namespace
}  // namespace intrain::ops
