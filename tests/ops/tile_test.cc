// The register tile of each instruction set against the formula of TileArgs, for each height and width there is.
#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

#include "ops/kernels.h"
#include "support/guarded.h"
#include "support/isas.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::Guarded;
using intrain::test::Rng;

struct TileCase {
  int vectors, rows, segments, steps;
  bool with_init;
  int ldc_gap;
  Fill fill;
  uint64_t seed;
};

template <class A, class B>
void check_tile(const TileKernel& tile, const TileKernel::Functions& functions, const TileCase& t) {
  SCOPED_TRACE(testing::Message() << tile.name << " " << t.vectors << " vectors x " << t.rows << " rows, " << t.segments
                                  << " segments of " << t.steps << " steps, init " << t.with_init << ", gap " << t.ldc_gap
                                  << ", filled " << intrain::test::fill_name(t.fill) << ", seed " << t.seed);
  Rng rng(t.seed);
  const int width = t.vectors * tile.lanes, run = t.steps * tile.k_unit, offset = static_cast<int>(rng.range(0, 3));
  // Rows overlap (lda may be shorter than a run, as in a convolution); segments start anywhere.
  const int64_t lda = rng.range(1, run + 5);
  std::vector<int64_t> offsets;
  int64_t end = 0;
  for (int s = 0; s < t.segments; ++s) {
    offsets.push_back(rng.range(0, 3 * run));
    end = std::max(end, offsets.back());
  }
  Guarded<A> a("a", end + (t.rows - 1) * lda + run, offset);
  constexpr bool kBytes = sizeof(A) == 1;
  const auto fill = [&](auto& buffer, bool is_signed) {
    intrain::test::fill(rng, t.fill, buffer.data(), buffer.count(), kBytes ? (is_signed ? -127 : 0) : -32767,
                        kBytes ? (is_signed ? 127 : 255) : 32767);
  };
  fill(a, std::is_signed_v<A>);
  Guarded<B> b("b", int64_t{t.segments} * run * width, 0);
  fill(b, std::is_signed_v<B>);
  Guarded<int32_t> init("init", width, offset);
  intrain::test::fill(rng, Fill::kUniform, init.data(), width, INT32_MIN, INT32_MAX);
  const int64_t ldc = width + t.ldc_gap;
  Guarded<int32_t> c("c", (t.rows - 1) * ldc + width, offset);
  intrain::test::fill(rng, Fill::kUniform, c.data(), c.count(), INT32_MIN, INT32_MAX);
  Guarded<int32_t> expected("c", c.count(), offset);
  for (int64_t i = 0; i < c.count(); ++i) expected[i] = c[i];

  for (int m = 0; m < t.rows; ++m)
    for (int n = 0; n < width; ++n) {
      uint32_t sum = static_cast<uint32_t>(t.with_init ? init[n] : c[m * ldc + n]);
      for (int s = 0; s < t.segments; ++s)
        for (int k = 0; k < run; ++k) {
          const int64_t at = ((int64_t{s} * t.steps + k / tile.k_unit) * width + n) * tile.k_unit + k % tile.k_unit;
          sum += static_cast<uint32_t>(int32_t{a[m * lda + offsets[static_cast<size_t>(s)] + k]} * int32_t{b[at]});
        }
      expected[m * ldc + n] = static_cast<int32_t>(sum);
    }
  functions.of[t.vectors][t.rows](
      {a.data(), lda, offsets.data(), t.segments, t.steps, b.data(), t.with_init ? init.data() : nullptr, c.data(), ldc});
  EXPECT_EQ(c.difference(expected), "");
  EXPECT_EQ(c.broken_guard() + a.broken_guard() + b.broken_guard() + init.broken_guard(), "");
}

class Tile : public intrain::test::IsaTest {};
INTRAIN_FOR_ALL_ISAS(Tile);

TEST_P(Tile, EveryHeightAndWidthIsTheFormula) {
  const Kernels kernels = make_kernels(isa());
  if (kernels.tile == nullptr) GTEST_SKIP() << "no tile: convolutions run their reference";
  const TileKernel& tile = *kernels.tile;
  ASSERT_TRUE(tile.element_bytes == 1 || tile.element_bytes == 2);
  ASSERT_LE(tile.max_vectors, TileKernel::kMaxVectors);
  uint64_t seed = 1;
  for (int v = 1; v <= TileKernel::kMaxVectors; ++v) {
    if (v <= tile.max_vectors) {
      ASSERT_GT(tile.max_rows[v], 0) << "every width up to the widest is needed";
    }
    for (int r = 1; r <= TileKernel::kMaxRows; ++r) {
      ASSERT_EQ(tile.unsigned_a->of[v][r] != nullptr, r <= tile.max_rows[v]) << v << " x " << r;
      ASSERT_EQ(tile.signed_a->of[v][r] != nullptr, r <= tile.max_rows[v]) << v << " x " << r;
      if (tile.unsigned_a->of[v][r] == nullptr) continue;
      for (Fill fill : intrain::test::kAllFills)
        for (int segments : {1, 2, 5})
          for (int steps : {1, 3, 16, 34}) {
            const TileCase t{v, r, segments, steps, seed % 2 == 0, seed % 3 == 0 ? 7 : 0, fill, seed};
            ++seed;
            if (tile.element_bytes == 1) {
              check_tile<uint8_t, int8_t>(tile, *tile.unsigned_a, t);
              check_tile<int8_t, uint8_t>(tile, *tile.signed_a, t);
            } else {
              check_tile<int16_t, int16_t>(tile, *tile.unsigned_a, t);
              check_tile<int16_t, int16_t>(tile, *tile.signed_a, t);
            }
            if (HasFailure()) return;
          }
    }
  }
}

}  // namespace
}  // namespace intrain::ops
