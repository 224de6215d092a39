// u8 x s8 by vpdpbusd: 64 products an instruction, exact. Registers: rows * vectors accumulators (at most 24), the vectors of b,
// one broadcast of a.
#include "ops/gemm/tile.h"
#include "ops/intrinsics.h"

namespace intrain::ops::avx512vnni {
namespace {

struct Vnni {
  using Element = uint8_t;
  using Register = __m512i;
  static constexpr int kUnit = 4, kLanes = 16;
  static inline Register load(const void* p) { return _mm512_loadu_si512(p); }
  static inline void store(void* p, Register v) { _mm512_storeu_si512(p, v); }
  static inline Register broadcast(const Element* p) {
    int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
  }
  static inline Register dot(Register c, Register a, Register b) { return _mm512_dpbusd_epi32(c, a, b); }
};

#define ROWS(v, r) &tile<Vnni, v, r>

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {
    "u8s8_vpdpbusd_avx512vnni",
    4,
    1,
    16,
    4,
    {0, 16, 12, 8, 6},
    {{},
     {nullptr, ROWS(1, 1), ROWS(1, 2), ROWS(1, 3), ROWS(1, 4), ROWS(1, 5), ROWS(1, 6), ROWS(1, 7), ROWS(1, 8), ROWS(1, 9),
      ROWS(1, 10), ROWS(1, 11), ROWS(1, 12), ROWS(1, 13), ROWS(1, 14), ROWS(1, 15), ROWS(1, 16)},
     {nullptr, ROWS(2, 1), ROWS(2, 2), ROWS(2, 3), ROWS(2, 4), ROWS(2, 5), ROWS(2, 6), ROWS(2, 7), ROWS(2, 8), ROWS(2, 9),
      ROWS(2, 10), ROWS(2, 11), ROWS(2, 12)},
     {nullptr, ROWS(3, 1), ROWS(3, 2), ROWS(3, 3), ROWS(3, 4), ROWS(3, 5), ROWS(3, 6), ROWS(3, 7), ROWS(3, 8)},
     {nullptr, ROWS(4, 1), ROWS(4, 2), ROWS(4, 3), ROWS(4, 4), ROWS(4, 5), ROWS(4, 6)}}};

}  // namespace intrain::ops::avx512vnni
