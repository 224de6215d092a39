// Integer matrix product and the register tile that every product is lowered onto.
//
//   c[m][n] = sum over k of a[m][k] * b[k][n]     a u8 or s8, b s8, c s32, exact
//
// Bound: k <= kMaxProductsU8S8 (66,311), so |c| <= 66,311 * 255 * 127 < 2^31.
#pragma once

#include <cstdint>

namespace intrain::ops {

// Scalar definition, row-major with leading dimensions (elements).
void gemm_reference(int m, int n, int k, const uint8_t* a, int64_t lda, const int8_t* b, int64_t ldb, int32_t* c, int64_t ldc);
void gemm_reference(int m, int n, int k, const int8_t* a, int64_t lda, const int8_t* b, int64_t ldb, int32_t* c, int64_t ldc);

// A tile of `rows` x (vectors * lanes) results over k in `segments` runs of `steps` groups of k_unit:
//   c[m][n] = init[n] (or c[m][n] if init is null) + sum over s, t, j of a[m * lda + offset[s] + t * k_unit + j] * b[s][t][n][j]
// a: packed elements (see TileKernel); lda and offset in elements. b: [segments][steps][vectors * lanes][k_unit], contiguous.
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

// How one ISA multiplies. Packed elements are bytes, or s16 with s16.
struct TileKernel {
  static constexpr int kMaxRows = 16;
  static constexpr int kMaxVectors = 4;
  static constexpr int kMaxLanes = 16;
  using Function = void (*)(const TileArgs&);
  struct Functions {
    Function of[kMaxVectors + 1][kMaxRows + 1];  // [vectors][rows]
  };
  const char* name;
  int k_unit;                     // products summed by one instruction in one lane: 4 for bytes, 2 for s16
  int element_bytes;              // of packed a and b: 1 or 2
  int lanes;                      // s32 results of one vector
  int max_vectors;                // widest tile
  int max_rows[kMaxVectors + 1];  // [vectors]: 0 where there is no such tile
  // Bytes: a u8 and b s8, where a signed operand a is stored + 128 and the product corrected by -128 * sum of b; and a s8 with b u8.
  // s16: both are the same.
  const Functions* unsigned_a;
  const Functions* signed_a;
  // What a signed operand a of `unsigned_a` has been moved by: 128 for packed bytes, 0 for s16.
  int signed_offset() const { return element_bytes == 1 ? 128 : 0; }
};

}  // namespace intrain::ops
