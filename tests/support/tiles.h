// Register tiles in plain C++ whose instructions are not those of x86: what Conv2d may not take for granted of an instruction set. Slow.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "ops/kernels.h"
#include "support/isas.h"

namespace intrain::test {

using ops::TileArgs;
using ops::TileKernel;

// What a tile does for one step: c[rows][columns] += a b, rows of a lda apart, kDepth elements of a column of b together.

// As ARM's sdot: s8 x s8, kDepth products into each result.
template <int kDepth_>
struct DotOfSigned {
  using A = int8_t;
  using B = int8_t;
  static constexpr int kDepth = kDepth_;
  static void step(int rows, int columns, const A* a, int64_t lda, const B* b, uint32_t* c) {
    for (int r = 0; r < rows; ++r)
      for (int n = 0; n < columns; ++n)
        for (int j = 0; j < kDepth; ++j) c[r * columns + n] += static_cast<uint32_t>(a[r * lda + j] * b[n * kDepth + j]);
  }
};

// As ARM's smmla and usmmla: two rows of 8 times two columns of 8. The last of an odd number of rows goes with itself.
template <class A_>
struct BlocksOfTwo {
  using A = A_;
  using B = int8_t;
  static constexpr int kDepth = 8;
  static void step(int rows, int columns, const A* a, int64_t lda, const B* b, uint32_t* c) {
    for (int r = 0; r < rows; r += 2)
      for (int n = 0; n < columns; n += 2) {
        const A* pair[2] = {a + r * lda, a + (r + 1 < rows ? r + 1 : r) * lda};
        int32_t block[2][2] = {};
        for (int i = 0; i < 4; ++i)
          for (int j = 0; j < kDepth; ++j) block[i / 2][i % 2] += pair[i / 2][j] * b[(n + i % 2) * kDepth + j];
        for (int i = 0; i < 4; ++i)
          if (r + i / 2 < rows) c[(r + i / 2) * columns + n + i % 2] += static_cast<uint32_t>(block[i / 2][i % 2]);
      }
  }
};

// As ARM's smlal: s16 x s16, one product.
struct WidenedOne {
  using A = int16_t;
  using B = int16_t;
  static constexpr int kDepth = 1;
  static void step(int rows, int columns, const A* a, int64_t lda, const B* b, uint32_t* c) {
    for (int r = 0; r < rows; ++r)
      for (int n = 0; n < columns; ++n) c[r * columns + n] += static_cast<uint32_t>(a[r * lda] * b[n]);
  }
};

template <class Step, int kRows, int kColumns>
void plain_tile(const TileArgs& p) {
  uint32_t sums[kRows * kColumns];
  for (int r = 0; r < kRows; ++r)
    for (int n = 0; n < kColumns; ++n)
      sums[r * kColumns + n] = static_cast<uint32_t>(p.init != nullptr ? p.init[n] : p.c[r * p.ldc + n]);
  const typename Step::B* b = static_cast<const typename Step::B*>(p.b);
  for (int s = 0; s < p.segments; ++s)
    for (int t = 0; t < p.steps; ++t, b += kColumns * Step::kDepth)
      Step::step(kRows, kColumns, static_cast<const typename Step::A*>(p.a) + p.offset[s] + int64_t{t} * Step::kDepth, p.lda, b,
                 sums);
  for (int r = 0; r < kRows; ++r)
    for (int n = 0; n < kColumns; ++n) p.c[r * p.ldc + n] = static_cast<int32_t>(sums[r * kColumns + n]);
}

constexpr int kPlainLanes = 4;

template <class Step, int kVectors, int kRows>
constexpr void fill_plain(TileKernel::Functions& f, int max_rows) {
  f.of[kVectors][kRows] = kRows <= max_rows ? &plain_tile<Step, kRows, kVectors * kPlainLanes> : nullptr;
  if constexpr (kRows > 1) fill_plain<Step, kVectors, kRows - 1>(f, max_rows);
}
// Tiles of 1 and 2 vectors.
template <class Step>
constexpr TileKernel::Functions plain_tiles(int max_rows1, int max_rows2) {
  TileKernel::Functions f{};
  fill_plain<Step, 1, 12>(f, max_rows1);
  fill_plain<Step, 2, 12>(f, max_rows2);
  return f;
}

inline const std::vector<const TileKernel*>& plain_tile_kernels() {
  static constexpr TileKernel::Functions dot = plain_tiles<DotOfSigned<4>>(12, 8), long_dot = plain_tiles<DotOfSigned<16>>(4, 4),
                                         blocks = plain_tiles<BlocksOfTwo<int8_t>>(8, 8),
                                         mixed_blocks = plain_tiles<BlocksOfTwo<uint8_t>>(8, 8),
                                         one = plain_tiles<WidenedOne>(12, 6);
  static constexpr TileKernel kernels[] = {
      {"s8s8_depth4", 4, 1, kPlainLanes, 2, {0, 12, 8, 0, 0}, {{nullptr, nullptr}, {nullptr, &dot}}},
      {"s8s8_depth16", 16, 1, kPlainLanes, 2, {0, 4, 4, 0, 0}, {{nullptr, nullptr}, {nullptr, &long_dot}}},
      {"s8s8_blocks8", 8, 1, kPlainLanes, 2, {0, 8, 8, 0, 0}, {{nullptr, nullptr}, {nullptr, &blocks}}},
      {"u8s8_s8s8_blocks8", 8, 1, kPlainLanes, 2, {0, 8, 8, 0, 0}, {{nullptr, &mixed_blocks}, {nullptr, &blocks}}},
      {"s16s16_depth1", 1, 2, kPlainLanes, 2, {0, 12, 6, 0, 0}, {{&one, &one}, {&one, &one}}}};
  static const std::vector<const TileKernel*> list = {&kernels[0], &kernels[1], &kernels[2], &kernels[3], &kernels[4]};
  return list;
}

// The kernels of an instruction set; or the references and one of the tiles above.
struct KernelTable {
  std::string name;
  ops::Kernels kernels;
  bool runs_here;
};
inline void PrintTo(const KernelTable& table, std::ostream* out) { *out << table.name; }

inline std::vector<KernelTable> kernel_tables() {
  std::vector<KernelTable> list;
  for (const IsaInfo& info : isas_to_test())
    list.push_back({info.name + std::string(kTestNameSuffix), ops::make_kernels(info.isa), runs_here(info.isa)});
#if !defined(INTRAIN_EMULATED)
  for (const TileKernel* tile : plain_tile_kernels()) {
    ops::Kernels kernels = ops::make_kernels(Isa::kScalar);
    kernels.tile = tile;
    list.push_back({tile->name, kernels, true});
  }
#endif
  return list;
}

class TableTest : public testing::TestWithParam<KernelTable> {
 protected:
  void SetUp() override {
    if (!GetParam().runs_here) GTEST_SKIP() << "this CPU has no " << GetParam().name;
  }
  const ops::Kernels& kernels() const { return GetParam().kernels; }
};

}  // namespace intrain::test

#define INTRAIN_FOR_ALL_TABLES(suite)                                                        \
  INSTANTIATE_TEST_SUITE_P(Isas, suite, testing::ValuesIn(::intrain::test::kernel_tables()), \
                           [](const auto& table) { return table.param.name; })
