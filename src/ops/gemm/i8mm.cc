// s8 x s8 by smmla, u8 x s8 and s8 x u8 by usmmla: 2 x 8 bytes times 8 x 2 into 2 x 2 sums, 32 products an instruction, exact. A register of b is
// two columns of 8 bytes as they are packed; one of a two rows, put together from 16 bytes of each, two steps. The last of an odd number of
// rows is multiplied by sdot or usdot, which sum 4 products: there are two sums a column, added in the end.
#include "ops/gemm/tile_arm.h"
#include "ops/peak/vector.h"

namespace intrain::ops::i8mm {
namespace {

constexpr int kDepth = 8;

[[gnu::always_inline]] inline uint8x16_t as_u8(int8x16_t v) { return vreinterpretq_u8_s8(v); }
[[gnu::always_inline]] inline int8x16_t zip_low(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}
[[gnu::always_inline]] inline int8x16_t zip_high(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

// How signs are multiplied: 2 x 2 sums, in which the rows are those of usmmla's first factor, the unsigned one; and 4 sums of 4.
struct SignedSigned {
  static constexpr bool kTransposed = false;
  static inline int32x4_t matrix(int32x4_t c, int8x16_t a, int8x16_t b) { return vmmlaq_s32(c, a, b); }
  static inline int32x4_t dot(int32x4_t c, int8x16_t a, int8x16_t b) { return vdotq_s32(c, a, b); }
};
struct UnsignedSigned {
  static constexpr bool kTransposed = false;
  static inline int32x4_t matrix(int32x4_t c, int8x16_t a, int8x16_t b) { return vusmmlaq_s32(c, as_u8(a), b); }
  static inline int32x4_t dot(int32x4_t c, int8x16_t a, int8x16_t b) { return vusdotq_s32(c, as_u8(a), b); }
};
struct SignedUnsigned {
  static constexpr bool kTransposed = true;
  static inline int32x4_t matrix(int32x4_t c, int8x16_t a, int8x16_t b) { return vusmmlaq_s32(c, as_u8(b), a); }
  static inline int32x4_t dot(int32x4_t c, int8x16_t a, int8x16_t b) { return vusdotq_s32(c, as_u8(b), a); }
};

// The sums of a tile, and its rows for a step.
template <int kVectors, int kRows>
struct Sums {
  static constexpr int kPairs = kRows / 2, kColumns = 2 * kVectors;  // registers
  int32x4_t pair[kPairs + 1][kColumns];                              // the last one: of the odd row
};
template <int kRows>
struct Rows {
  int8x16_t pair[kRows / 2 + 1];
};

template <class Signs, int kVectors, int kRows>
[[gnu::always_inline]] inline void step(Sums<kVectors, kRows>& sums, const Rows<kRows>& a, const int8_t* b) {
#pragma GCC unroll 8
  for (int n = 0; n < 2 * kVectors; ++n) {
    const int8x16_t bv = vld1q_s8(b + 16 * n);
#pragma GCC unroll 6
    for (int i = 0; i < kRows / 2; ++i) sums.pair[i][n] = Signs::matrix(sums.pair[i][n], a.pair[i], bv);
    if constexpr (kRows % 2 == 1) sums.pair[kRows / 2][n] = Signs::dot(sums.pair[kRows / 2][n], a.pair[kRows / 2], bv);
  }
}

// Two steps of the rows from a on.
template <int kRows>
[[gnu::always_inline]] inline void load_two(const int8_t* const* a, int at, Rows<kRows>* first, Rows<kRows>* second) {
#pragma GCC unroll 7
  for (int i = 0; i < (kRows + 1) / 2; ++i) {
    const int8x16_t x = vld1q_s8(a[2 * i] + at), y = 2 * i + 1 < kRows ? vld1q_s8(a[2 * i + 1] + at) : x;
    first->pair[i] = zip_low(x, y);
    second->pair[i] = zip_high(x, y);
  }
}
template <int kRows>
[[gnu::always_inline]] inline void load_one(const int8_t* const* a, int at, Rows<kRows>* rows) {
#pragma GCC unroll 7
  for (int i = 0; i < (kRows + 1) / 2; ++i)
    rows->pair[i] = vcombine_s8(vld1_s8(a[2 * i] + at), vld1_s8(a[2 * i + 1 < kRows ? 2 * i + 1 : 2 * i] + at));
}

template <bool kTransposed, int kVectors, int kRows>
[[gnu::always_inline]] inline void finish_all(const TileArgs& p, const Sums<kVectors, kRows>& sums) {
#pragma GCC unroll 6
  for (int i = 0; i < kRows / 2; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int32x4_t x = sums.pair[i][2 * v], y = sums.pair[i][2 * v + 1];
      const int64x2_t x64 = vreinterpretq_s64_s32(x), y64 = vreinterpretq_s64_s32(y);
      finish(p, 2 * i, 4 * v, kTransposed ? vuzp1q_s32(x, y) : vreinterpretq_s32_s64(vzip1q_s64(x64, y64)));
      finish(p, 2 * i + 1, 4 * v, kTransposed ? vuzp2q_s32(x, y) : vreinterpretq_s32_s64(vzip2q_s64(x64, y64)));
    }
  if constexpr (kRows % 2 == 1)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      finish(p, kRows - 1, 4 * v, vpaddq_s32(sums.pair[kRows / 2][2 * v], sums.pair[kRows / 2][2 * v + 1]));
}

template <class Signs>
struct Tile {
  template <int kVectors, int kRows>
  static void run(const TileArgs& p) {
    constexpr int kStep = 32 * kVectors;  // bytes of b
    Sums<kVectors, kRows> sums;
#pragma GCC unroll 7
    for (int i = 0; i < (kRows + 1) / 2; ++i)
#pragma GCC unroll 8
      for (int n = 0; n < 2 * kVectors; ++n) sums.pair[i][n] = vdupq_n_s32(0);
    const int8_t* b = static_cast<const int8_t*>(p.b);
    for (int s = 0; s < p.segments; ++s) {
      const int8_t* a[kRows];
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) a[r] = static_cast<const int8_t*>(p.a) + p.offset[s] + r * p.lda;
      int t = 0;
      Rows<kRows> first, second;
      for (; t + 2 <= p.steps; t += 2, b += 2 * kStep) {
        load_two<kRows>(a, t * kDepth, &first, &second);
        step<Signs>(sums, first, b);
        step<Signs>(sums, second, b + kStep);
      }
      if (t < p.steps) {
        load_one<kRows>(a, t * kDepth, &first);
        step<Signs>(sums, first, b);
        b += kStep;
      }
    }
    finish_all<Signs::kTransposed>(p, sums);
  }
};

template <class Signs>
constexpr TileKernel::Functions kTiles = functions_of<Tile<Signs>, 12, 8, 6, 4>();
constexpr TileKernel::Functions kSignedSigned = kTiles<SignedSigned>, kUnsignedSigned = kTiles<UnsignedSigned>,
                                kSignedUnsigned = kTiles<SignedUnsigned>;

struct Matrix {
  using Element = int8_t;
  using Register = int32x4_t;
  static constexpr int kDepth = 8, kLanes = 4;
  static inline Register load(const void* p) { return vld1q_s32(static_cast<const int32_t*>(p)); }
  static inline void store(void* p, Register v) { vst1q_s32(static_cast<int32_t*>(p), v); }
  static inline Register broadcast(const Element* p) { return vreinterpretq_s32_s8(vdupq_n_s8(*p)); }
  static inline Register dot(Register c, Register a, Register b) {
    return vmmlaq_s32(c, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
  }
};

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {"s8s8_u8s8_s8u8_mmla_i8mm",
                          kDepth,
                          1,
                          4,
                          4,
                          {0, 12, 8, 6, 4},
                          {{nullptr, &kUnsignedSigned}, {&kSignedUnsigned, &kSignedSigned}}};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Matrix>("smmla");

}  // namespace intrain::ops::i8mm
