// The register tile, onto which every integer matrix product is lowered, and how its operands are packed.
//
//   c[m][n] = sum over k of a[m][k] * b[k][n]     a and b u8 or s8, one of them s8; c s32, exact
//
// Bound: k <= kMaxProductsU8S8 (66,311), so |c| <= 66,311 * 255 * 127 < 2^31.
#pragma once

#include <cstdint>

namespace intrain::ops {

// A tile of `rows` x (vectors * lanes) results over k in `segments` runs of `steps` groups of `depth` (see TileKernel):
//   c[m][n] = init[n] (or c[m][n] if init is null) + sum over s, t, j of a[m * lda + offset[s] + t * depth + j] * b[s][t][n][j]
// a: packed elements; lda and offset in elements. b: [segments][steps][vectors * lanes][depth], contiguous.
// c: row-major with ldc, aligned rows are not required. All sums are modulo 2^32.
struct TileArgs {
  const void* a;
  int64_t lda;
  const int64_t* offset;
  int segments;
  int steps;
  const void* b;
  const int32_t* init;
  int32_t* c;
  int64_t ldc;
};

// How one ISA multiplies. Packed elements are bytes, or s16.
struct TileKernel {
  static constexpr int kMaxRows = 16;
  static constexpr int kMaxVectors = 4;
  static constexpr int kMaxLanes = 16;
  static constexpr int kMaxDepth = 16;
  using Function = void (*)(const TileArgs&);
  struct Functions {
    Function of[kMaxVectors + 1][kMaxRows + 1];  // [vectors][rows]
  };
  const char* name;
  int depth;                      // products of a step: k that an instruction sums in a result; a row of a holds whole steps
  int element_bytes;              // of packed a and b: 1 or 2
  int lanes;                      // columns of one vector
  int max_vectors;                // widest tile
  int max_rows[kMaxVectors + 1];  // [vectors]: 0 where there is no such tile
  // [a is signed][b is signed], as the instruction takes them: null where it multiplies no such bytes. s16 hold either sign: all four alike.
  const Functions* functions[2][2];
  // sums[m] = sum over s, t, j of a[m * lda + offset[s] + t * depth + j], for any number of rows; of a alone are the arguments read. Null: of a
  // tile by ones.
  void (*row_sums)(const TileArgs& p, int rows, int32_t* sums) = nullptr;
};

// How a byte of a tensor becomes a packed element: src ^ flip where elements are bytes, the value widened from s8 or u8 where they are s16
// (flip 0). Flip 0x80 is + 128 of a signed byte, to be taken as unsigned, and - 128 of an unsigned one, to be taken as signed.
struct PackFormat {
  int element_bytes;  // 1 or 2
  int depth;          // elements of a column that lie together in a packed b
  bool is_signed;     // of the source
  uint8_t flip;
};

// How a tile multiplies a and b of the signs that they have in their tensors. Where no instruction takes these, one operand is moved, a if that
// is enough, because its correction is the same for all rows. With what packing adds to each element (128, -128, or 0 of both but one):
//   sum of a b = sum of packed a * packed b - a_moved * (sum of the column of packed b) - b_moved * (sum of the row of packed a)
// A signed byte of a tensor is never -128, a moved one may be: no product has two factors -128, and two products always fit s16.
struct TileProduct {
  const TileKernel::Functions* functions;
  PackFormat a, b;
  int a_moved, b_moved;
};
TileProduct tile_product(const TileKernel& tile, bool signed_a, bool signed_b);

}  // namespace intrain::ops
