// s16 x s16 by vpmaddwd and vpaddd: 16 products an instruction, exact for widened u8 and s8 (the u8 x s8 form, vpmaddubsw,
// saturates). Registers: rows * vectors accumulators (at most 12), the vectors of b, one broadcast of a, one product.
#include "ops/gemm/tile.h"
#include "ops/intrinsics.h"
#include "ops/peak/vector.h"

namespace intrain::ops::avx2 {
namespace {

struct Madd {
  using Element = int16_t;
  using Register = __m256i;
  static constexpr int kDepth = 2, kLanes = 8;
  static inline Register load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static inline void store(void* p, Register v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static inline Register broadcast(const Element* p) {
    int32_t two;
    __builtin_memcpy(&two, p, 4);
    return _mm256_set1_epi32(two);
  }
  static inline Register dot(Register c, Register a, Register b) { return _mm256_add_epi32(c, _mm256_madd_epi16(a, b)); }
};

constexpr TileKernel::Functions kTiles = tile_functions<Madd, false, 12, 6>();

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {"s16s16_vpmaddwd_avx2", 2, 2, 8, 2, {0, 12, 6, 0, 0}, {{&kTiles, &kTiles}, {&kTiles, &kTiles}}};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Madd>("vpmaddwd and vpaddd, ymm");

}  // namespace intrain::ops::avx2
