// u8 x s8 by vpdpbusd: 64 products an instruction, exact. Registers: rows * vectors accumulators (at most 24), the vectors of b,
// one broadcast of a.
#include "ops/gemm/tile.h"
#include "ops/intrinsics.h"
#include "ops/peak/vector.h"

namespace intrain::ops::avx512vnni {
namespace {

struct Vnni {
  using Element = uint8_t;
  using Register = __m512i;
  static constexpr int kDepth = 4, kLanes = 16;
  static inline Register load(const void* p) { return _mm512_loadu_si512(p); }
  static inline void store(void* p, Register v) { _mm512_storeu_si512(p, v); }
  static inline Register broadcast(const Element* p) {
    int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
  }
  static inline Register dot(Register c, Register a, Register b) { return _mm512_dpbusd_epi32(c, a, b); }
};

constexpr TileKernel::Functions kUnsignedSigned = tile_functions<Vnni, false, 16, 12, 8, 6>();
constexpr TileKernel::Functions kSignedUnsigned = tile_functions<Vnni, true, 16, 12, 8, 6>();

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {
    "u8s8_vpdpbusd_avx512vnni", 4, 1, 16, 4, {0, 16, 12, 8, 6}, {{nullptr, &kUnsignedSigned}, {&kSignedUnsigned, nullptr}}};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Vnni>("vpdpbusd, zmm");

}  // namespace intrain::ops::avx512vnni
