// s8 x s8 by smull, smlal2 and sadalp, in every CPU of the architecture: 16 products in three instructions. A step is 16 bytes of a row and of a
// column, whose products are summed in four lanes, and these in the end. Of tiles of more than 4 columns, 4 are made after the other: 16 sums are
// what the registers hold.
#include "ops/gemm/tile_arm.h"
#include "ops/peak/vector.h"

namespace intrain::ops::neon {
namespace {

constexpr int kDepth = 16;

// c + 16 products in four lanes. Two of them fit s16, -128 being in one operand at most: u8 - 128 by s8 of the contract.
static_assert(2 * 128 * 127 <= 32767);
[[gnu::always_inline]] inline int32x4_t multiply(int32x4_t c, int8x16_t a, int8x16_t b) {
  return vpadalq_s16(c, vmlal_high_s8(vmull_s8(vget_low_s8(a), vget_low_s8(b)), a, b));
}

// Four columns from `column` on, of b's `width`.
template <int kRows>
void block(const TileArgs& p, int column, int width) {
  int32x4_t acc[kRows][4];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < 4; ++n) acc[r][n] = vdupq_n_s32(0);
  const int8_t* b = static_cast<const int8_t*>(p.b) + column * kDepth;
  for (int s = 0; s < p.segments; ++s) {
    const int8_t* a[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) a[r] = static_cast<const int8_t*>(p.a) + p.offset[s] + r * p.lda;
    for (int t = 0; t < p.steps; ++t, b += width * kDepth) {
      int8x16_t av[kRows];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        av[r] = vld1q_s8(a[r]);
        a[r] += kDepth;
      }
#pragma GCC unroll 4
      for (int n = 0; n < 4; ++n) {
        const int8x16_t bv = vld1q_s8(b + n * kDepth);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) acc[r][n] = multiply(acc[r][n], av[r], bv);
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
    finish(p, r, column, vpaddq_s32(vpaddq_s32(acc[r][0], acc[r][1]), vpaddq_s32(acc[r][2], acc[r][3])));
}

struct Tile {
  template <int kVectors, int kRows>
  static void run(const TileArgs& p) {
    for (int v = 0; v < kVectors; ++v) block<kRows>(p, 4 * v, 4 * kVectors);
  }
};

void row_sums(const TileArgs& p, int rows, int32_t* sums) {
  for (int r = 0; r < rows; ++r) {
    int32x4_t sum = vdupq_n_s32(0);
    for (int s = 0; s < p.segments; ++s) {
      const int8_t* a = static_cast<const int8_t*>(p.a) + p.offset[s] + r * p.lda;
      for (int t = 0; t < p.steps; ++t) sum = vpadalq_s16(sum, vpaddlq_s8(vld1q_s8(a + t * kDepth)));
    }
    sums[r] = vaddvq_s32(sum);
  }
}

constexpr TileKernel::Functions kTiles = functions_of<Tile, 4, 4, 4, 4>();

struct Multiply {
  using Element = int8_t;
  using Register = int32x4_t;
  static constexpr int kDepth = 4, kLanes = 4;
  static inline Register load(const void* p) { return vld1q_s32(static_cast<const int32_t*>(p)); }
  static inline void store(void* p, Register v) { vst1q_s32(static_cast<int32_t*>(p), v); }
  static inline Register broadcast(const Element* p) { return vreinterpretq_s32_s8(vdupq_n_s8(*p)); }
  static inline Register dot(Register c, Register a, Register b) {
    return multiply(c, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
  }
};

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {"s8s8_smull_neon", kDepth, 1, 4, 4, {0, 4, 4, 4, 4}, {{nullptr, nullptr}, {nullptr, &kTiles}},
                          row_sums};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Multiply>("smull, smlal2 and sadalp");

}  // namespace intrain::ops::neon
