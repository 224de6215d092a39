// E2 of all widths: its scale, and what two planes are together.
#include "ops/error/product_error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "ops/error/error.h"
#include "ops/narrow/narrow.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Rng;

Widths with_e2(int bits) {
  Widths w;
  w.e2 = bits;
  return w;
}
Widths flagged() {
  Widths w;
  w.flag_e2 = true;
  return w;
}

void expect_scale(const ProductScale& s, int shift, int unit, int exp) {
  EXPECT_EQ(s.shift, shift);
  EXPECT_EQ(s.unit, unit);
  EXPECT_EQ(s.exp, exp);
}

// 1000 has 10 bits: t = 3 to 8 bits. 5 bits are 3 coarser. 12 bits take it as it is, its upper plane 2^8 above; 16 bits of 20 likewise.
TEST(ProductScale, ByHand) {
  expect_scale(product_scale(1000, -20, with_e2(8)), 3, -17, -17);
  expect_scale(product_scale(1000, -20, with_e2(5)), 6, -17, -17);
  expect_scale(product_scale(1000, -20, flagged()), 3, -17, -17);
  expect_scale(product_scale(1000, -20, with_e2(12)), 0, -20, -12);
  expect_scale(product_scale(1 << 19, -20, with_e2(16)), 5, -15, -7);
  expect_scale(product_scale(0, -20, with_e2(8)), 0, -20, -20);
  EXPECT_EQ(lower_plane_exp(-12, with_e2(12)), -20);
  EXPECT_EQ(lower_plane_exp(-17, flagged()), -24);
  EXPECT_EQ(plane_limit(with_e2(12)), 2047);
  EXPECT_EQ(plane_limit(with_e2(16)), 127 * 256 + 127);
}

// 100 at 2^-10 fits; 2^14 at 2^-20 has 15 bits, so -12; the third image is zero, wherever it lies.
TEST(ProductScale, OfImagesByHand) {
  const int32_t exp[] = {-10, -20, 5}, max[] = {100, 1 << 14, 0};
  const Widths widths = with_e2(8);
  EXPECT_EQ(product_unit(exp, max, 3, widths), -10);
  EXPECT_EQ(product_unit(exp + 1, max + 1, 2, widths), -12);
  EXPECT_EQ(product_unit(exp + 1, max + 1, 2, with_e2(12)), -16);
  EXPECT_EQ(product_unit(exp + 2, max + 2, 1, widths), kNoError);
  expect_scale(product_scale_of(kNoError, widths), 0, 0, 0);
  const ProductScale s = product_scale_of(-10, widths);
  expect_scale(s, 0, -10, -10);
  expect_scale(product_scale_of(-10, with_e2(9)), 0, -10, -2);
  EXPECT_EQ(product_shift(s, -10, 100, widths), 0);
  EXPECT_EQ(product_shift(s, -20, 1 << 14, widths), 10);
  EXPECT_EQ(product_shift(s, -20, 1 << 14, with_e2(5)), 13);
  EXPECT_EQ(product_shift(s, -90, 1, widths), 24);
  EXPECT_EQ(product_shift(s, -90, 1, flagged()), 31);
  EXPECT_EQ(product_shift(s, -90, 0, widths), 0) << "all zero";
}

// Quantized and put together again, each value is what clamping leaves of it within half a step of its plane, or one more at the codes 128,
// which become 127.
TEST(ProductScale, HoldsWhatIsQuantizedByIt) {
  std::vector<Widths> all{flagged()};
  for (int bits = 3; bits <= 16; ++bits) all.push_back(with_e2(bits));
  for (const Widths& widths : all)
    for (const int width : {4, 9, 16, 25}) {
      Rng rng(static_cast<uint64_t>(width));
      std::vector<int32_t> v;
      for (int i = 0; i < 400; ++i) v.push_back(static_cast<int32_t>(rng.any_width(width)));
      v.push_back((1 << width) - 1);
      const int64_t count = static_cast<int64_t>(v.size());
      const int e = -31;
      const ProductScale s = product_scale(static_cast<uint64_t>(max_abs_reference({v.data(), count})), e, widths);
      std::vector<int8_t> upper(v.size()), lower(v.size());
      const bool two = widths.e2_planes() == 2;
      const ErrorPlane plane{two ? lower.data() : nullptr, widths.flag_e2, two ? plane_limit(widths) : 0};
      error_quantize_reference({v.data(), nullptr, count, s.shift, upper.data(), nullptr, plane});
      if (widths.e2 < 8) narrow_s8_reference({upper.data(), count, widths.e2});
      std::vector<int16_t> both(v.size());
      if (two) merge_planes(upper.data(), lower.data(), count, widths, both.data());
      for (size_t i = 0; i < v.size(); ++i) {
        const int exp = two ? lower_plane_exp(s.exp, widths) : s.exp;
        const double got = std::ldexp(two ? both[i] : upper[i], exp - e);
        double step = std::ldexp(1, s.unit - e + (widths.e2 < 8 ? 8 - widths.e2 : 0));
        if (widths.flag_e2 && upper[i] == 0) step /= 128;
        const double most = step * (widths.flag_e2 ? 127 : two ? plane_limit(widths) : std::exp2(std::min(8, widths.e2) - 1) - 1);
        const bool split = two && !widths.flag_e2 && lower[i] == 127;
        ASSERT_LE(std::fabs(got - intrain::test::clip(v[i], -most, most)), step * (split ? 1.5 : 0.5))
            << v[i] << " in " << widths.e2 << " bits, flag " << widths.flag_e2;
      }
    }
}

TEST(Planes, AddUpByHand) {
  const int8_t upper[] = {1, -2, 127, 0}, lower[] = {3, -4, 127, 5};
  int16_t both[4];
  merge_planes(upper, lower, 4, with_e2(12), both);
  EXPECT_EQ(std::vector<int>(both, both + 4), (std::vector<int>{259, -516, 32639, 5}));
  merge_planes(upper, lower, 4, flagged(), both);
  EXPECT_EQ(both[1], -260);
  int64_t sums[] = {1, -2, 3, int64_t{1} << 39};
  const int64_t other[] = {9, 9, -9, 1};
  add_plane_sums(sums, other, 1, 4, with_e2(16));
  EXPECT_EQ(sums[0], 1) << "not in the range";
  EXPECT_EQ(sums[1], -503);
  EXPECT_EQ(sums[2], 759);
  EXPECT_EQ(sums[3], (int64_t{1} << 47) + 1);
}

TEST(BiasGradient, ByHand) {
  const int8_t upper[] = {1, -2, 3, 10, 20, 30}, lower[] = {1, 1, 1, 2, 2, 2};
  int64_t grad[] = {99, 99, 99};
  bias_gradient(upper, nullptr, 2, 3, with_e2(8), grad);
  EXPECT_EQ(std::vector<int64_t>(grad, grad + 3), (std::vector<int64_t>{11, 18, 33}));
  bias_gradient(upper, lower, 2, 3, with_e2(16), grad);
  EXPECT_EQ(std::vector<int64_t>(grad, grad + 3), (std::vector<int64_t>{11 * 256 + 3, 18 * 256 + 3, 33 * 256 + 3}));
  bias_gradient(upper, lower, 2, 3, flagged(), grad);
  EXPECT_EQ(grad[0], 11 * 128 + 3);
}

}  // namespace
}  // namespace intrain::ops
