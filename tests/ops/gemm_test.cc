// The scalar matrix product: by hand, at its bound, and equal to float64 (all sums are below 2^53, so float64 is exact).
#include "ops/gemm/gemm.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/formats.h"
#include "support/guarded.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::Guarded;
using intrain::test::Rng;

// [1 2 3; 4 5 6] [1 -2; 3 4; -5 6] = [1+6-15, -2+8+18; 4+15-30, -8+20+36] = [-8 24; -11 48]
TEST(Gemm, ByHand) {
  const uint8_t a[] = {1, 2, 3, 4, 5, 6};
  const int8_t b[] = {1, -2, 3, 4, -5, 6};
  int32_t c[4];
  gemm_reference(2, 2, 3, a, 3, b, 2, c, 2);
  EXPECT_EQ(c[0], -8);
  EXPECT_EQ(c[1], 24);
  EXPECT_EQ(c[2], -11);
  EXPECT_EQ(c[3], 48);
}

template <class A>
void check_float(int m, int n, int k, int gap, Fill fill, uint64_t seed) {
  Rng rng(seed);
  const int64_t lda = k + gap, ldb = n + gap, ldc = n + gap;
  constexpr bool kSigned = std::is_signed_v<A>;
  const auto a = intrain::test::random_vector<A>(rng, fill, m * lda, kSigned ? -kS8Max : 0, kSigned ? kS8Max : kU8Max);
  const auto b = intrain::test::random_vector<int8_t>(rng, fill, k * ldb, -kS8Max, kS8Max);
  Guarded<int32_t> c("c", m * ldc, 3);
  for (int64_t i = 0; i < c.count(); ++i) c[i] = 99;
  gemm_reference(m, n, k, a.data(), lda, b.data(), ldb, c.data(), ldc);
  for (int i = 0; i < m; ++i)
    for (int64_t j = 0; j < ldc; ++j) {
      double expected = 99;  // the gap is not written
      if (j < n) {
        expected = 0;
        for (int p = 0; p < k; ++p)
          expected += static_cast<double>(a[static_cast<size_t>(i * lda + p)]) * b[static_cast<size_t>(p * ldb + j)];
      }
      ASSERT_EQ(c[i * ldc + j], expected) << i << ", " << j << " of " << m << "x" << n << "x" << k << ", seed " << seed;
    }
  EXPECT_EQ(c.broken_guard(), "");
}

TEST(Gemm, IsFloat64) {
  uint64_t seed = 1;
  for (int m : {1, 2, 7, 16})
    for (int n : {1, 3, 16, 33})
      for (int k : {0, 1, 5, 64, 129})
        for (Fill fill : intrain::test::kAllFills) {
          check_float<uint8_t>(m, n, k, static_cast<int>(seed % 3), fill, seed);
          check_float<int8_t>(m, n, k, static_cast<int>(seed % 3), fill, seed);
          ++seed;
        }
}

TEST(Gemm, LongestReduction) {
  for (Fill fill : {Fill::kHigh, Fill::kLow}) {
    check_float<uint8_t>(1, 2, static_cast<int>(kMaxProductsU8S8), 0, fill, 1);
    check_float<int8_t>(1, 2, static_cast<int>(kMaxProductsS8S8), 0, fill, 2);
  }
}

}  // namespace
}  // namespace intrain::ops
