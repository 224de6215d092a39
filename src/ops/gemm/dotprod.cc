// s8 x s8 by sdot: 16 products an instruction, exact. b is the vector, four columns of four bytes; four bytes of a row are an element of its
// register, which holds four steps. Registers, of 32: rows * vectors sums, one a row, and those of b.
#include "ops/gemm/tile_arm.h"
#include "ops/peak/vector.h"

namespace intrain::ops::dotprod {
namespace {

constexpr int kDepth = 4;

[[gnu::always_inline]] inline int8x16_t load4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

// A step: element kElement of the rows.
template <int kElement, int kVectors, int kRows>
[[gnu::always_inline]] inline void step(int32x4_t (&acc)[kRows][kVectors], const int8x16_t (&a)[kRows], const int8_t* b) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const int8x16_t bv = vld1q_s8(b + 16 * v);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) acc[r][v] = vdotq_laneq_s32(acc[r][v], bv, a[r], kElement);
  }
}

struct Tile {
  template <int kVectors, int kRows>
  static void run(const TileArgs& p) {
    constexpr int kStep = 16 * kVectors;  // bytes of b
    int32x4_t acc[kRows][kVectors];
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) acc[r][v] = vdupq_n_s32(0);
    const int8_t* b = static_cast<const int8_t*>(p.b);
    for (int s = 0; s < p.segments; ++s) {
      const int8_t* a[kRows];
      int8x16_t av[kRows];
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) a[r] = static_cast<const int8_t*>(p.a) + p.offset[s] + r * p.lda;
      int t = 0;
      for (; t + 4 <= p.steps; t += 4, b += 4 * kStep) {
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) {
          av[r] = vld1q_s8(a[r]);
          a[r] += 16;
        }
        step<0>(acc, av, b);
        step<1>(acc, av, b + kStep);
        step<2>(acc, av, b + 2 * kStep);
        step<3>(acc, av, b + 3 * kStep);
      }
      for (; t < p.steps; ++t, b += kStep) {
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) {
          av[r] = load4(a[r]);
          a[r] += kDepth;
        }
        step<0>(acc, av, b);
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) finish(p, r, 4 * v, acc[r][v]);
  }
};

void row_sums(const TileArgs& p, int rows, int32_t* sums) {
  const int8x16_t ones = vdupq_n_s8(1);
  for (int r = 0; r < rows; ++r) {
    int32x4_t sum = vdupq_n_s32(0), rest = vdupq_n_s32(0);
    for (int s = 0; s < p.segments; ++s) {
      const int8_t* a = static_cast<const int8_t*>(p.a) + p.offset[s] + r * p.lda;
      int t = 0;
      for (; t + 4 <= p.steps; t += 4) sum = vdotq_s32(sum, vld1q_s8(a + t * kDepth), ones);
      for (; t < p.steps; ++t) rest = vdotq_s32(rest, load4(a + t * kDepth), ones);
    }
    sums[r] = vaddvq_s32(sum) + vgetq_lane_s32(rest, 0);
  }
}

constexpr TileKernel::Functions kTiles = functions_of<Tile, 12, 8, 6, 6>();

struct Dot {
  using Element = int8_t;
  using Register = int32x4_t;
  static constexpr int kDepth = 4, kLanes = 4;
  static inline Register load(const void* p) { return vld1q_s32(static_cast<const int32_t*>(p)); }
  static inline void store(void* p, Register v) { vst1q_s32(static_cast<int32_t*>(p), v); }
  static inline Register broadcast(const Element* p) { return vreinterpretq_s32_s8(load4(p)); }
  static inline Register dot(Register c, Register a, Register b) {
    return vdotq_s32(c, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
  }
};

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {
    "s8s8_sdot_dotprod", kDepth, 1, 4, 4, {0, 12, 8, 6, 6}, {{nullptr, nullptr}, {nullptr, &kTiles}}, row_sums};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Dot>("sdot");

}  // namespace intrain::ops::dotprod
