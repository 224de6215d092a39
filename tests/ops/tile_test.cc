// The register tile of each instruction set, and the plain ones, against the formula of TileArgs, for each height and width there is.
#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

#include "ops/kernels.h"
#include "support/guarded.h"
#include "support/rng.h"
#include "support/tiles.h"

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
  const int width = t.vectors * tile.lanes, run = t.steps * tile.depth, offset = static_cast<int>(rng.range(0, 3));
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
          const int64_t at = ((int64_t{s} * t.steps + k / tile.depth) * width + n) * tile.depth + k % tile.depth;
          sum += static_cast<uint32_t>(int32_t{a[m * lda + offsets[static_cast<size_t>(s)] + k]} * int32_t{b[at]});
        }
      expected[m * ldc + n] = static_cast<int32_t>(sum);
    }
  functions.of[t.vectors][t.rows](
      {a.data(), lda, offsets.data(), t.segments, t.steps, b.data(), t.with_init ? init.data() : nullptr, c.data(), ldc});
  EXPECT_EQ(c.difference(expected), "");
  if constexpr (std::is_same_v<A, int8_t>)
    if (tile.row_sums != nullptr) {
      Guarded<int32_t> sums("sums", t.rows, offset);
      tile.row_sums({a.data(), lda, offsets.data(), t.segments, t.steps, nullptr, nullptr, nullptr, 0}, t.rows, sums.data());
      for (int m = 0; m < t.rows; ++m) {
        int32_t sum = 0;
        for (const int64_t at : offsets)
          for (int k = 0; k < run; ++k) sum += a[m * lda + at + k];
        EXPECT_EQ(sums[m], sum) << "of row " << m;
      }
      EXPECT_EQ(sums.broken_guard(), "");
    }
  EXPECT_EQ(c.broken_guard() + a.broken_guard() + b.broken_guard() + init.broken_guard(), "");
}

template <class A, class B>
void check_signs(const TileKernel& tile, const TileCase& t) {
  const TileKernel::Functions* functions = tile.functions[std::is_signed_v<A>][std::is_signed_v<B>];
  if (functions != nullptr) check_tile<A, B>(tile, *functions, t);
}

void check_all_signs(const TileKernel& tile, const TileCase& t) {
  if (tile.element_bytes == 1) {
    check_signs<uint8_t, uint8_t>(tile, t);
    check_signs<uint8_t, int8_t>(tile, t);
    check_signs<int8_t, uint8_t>(tile, t);
    check_signs<int8_t, int8_t>(tile, t);
  } else {
    check_tile<int16_t, int16_t>(tile, *tile.functions[0][0], t);
  }
}

class Tile : public intrain::test::TableTest {};
INTRAIN_FOR_ALL_TABLES(Tile);

TEST_P(Tile, EveryHeightAndWidthIsTheFormula) {
  if (kernels().tile == nullptr) GTEST_SKIP() << "no tile: convolutions run their reference";
  const TileKernel& tile = *kernels().tile;
  ASSERT_LE(tile.max_vectors, TileKernel::kMaxVectors);
  uint64_t seed = 1;
  for (int v = 1; v <= TileKernel::kMaxVectors; ++v) {
    if (v <= tile.max_vectors) {
      ASSERT_GT(tile.max_rows[v], 0) << "every width up to the widest is needed";
    }
    for (int r = 1; r <= TileKernel::kMaxRows; ++r) {
      for (const auto& by_b : tile.functions)
        for (const TileKernel::Functions* f : by_b)
          ASSERT_TRUE(f == nullptr || (f->of[v][r] != nullptr) == (r <= tile.max_rows[v])) << v << " x " << r;
      if (r > tile.max_rows[v]) continue;
      for (Fill fill : intrain::test::kAllFills)
        for (int segments : {1, 2, 5})
          for (int steps : {1, 3, 16, 34}) {
            check_all_signs(tile, {v, r, segments, steps, seed % 2 == 0, seed % 3 == 0 ? 7 : 0, fill, seed});
            ++seed;
            if (HasFailure()) return;
          }
    }
  }
}

// What the passes multiply can be: with whichever operand moved, and the other form of it as the formula of TileProduct says.
TEST_P(Tile, MultipliesWhatThePassesNeed) {
  if (kernels().tile == nullptr) GTEST_SKIP() << "no tile: convolutions run their reference";
  const TileKernel& tile = *kernels().tile;
  ASSERT_TRUE(tile.element_bytes == 1 || tile.element_bytes == 2);
  for (const bool signed_a : {false, true})
    for (const bool signed_b : {false, true}) {
      if (!signed_a && !signed_b) continue;
      SCOPED_TRACE(testing::Message() << signed_a << signed_b);
      const TileProduct product = tile_product(tile, signed_a, signed_b);
      ASSERT_NE(product.functions, nullptr);
      EXPECT_TRUE(product.a_moved == 0 || product.b_moved == 0);
      const auto expect_format = [&](const PackFormat& f, bool is_signed, int moved) {
        EXPECT_EQ(f.element_bytes, tile.element_bytes);
        EXPECT_EQ(f.depth, tile.depth);
        EXPECT_EQ(f.is_signed, is_signed);
        EXPECT_EQ(moved, f.flip == 0 ? 0 : is_signed ? 128 : -128);
      };
      expect_format(product.a, signed_a, product.a_moved);
      expect_format(product.b, signed_b, product.b_moved);
      EXPECT_EQ(product.functions, tile.functions[signed_a != (product.a_moved != 0)][signed_b != (product.b_moved != 0)]);
      if (signed_b == true) {
        EXPECT_EQ(product.b_moved, 0) << "weights and errors as b stay as they are";
      }
    }
}

}  // namespace
}  // namespace intrain::ops
