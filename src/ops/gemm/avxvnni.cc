// u8 x s8 by the VEX form of vpdpbusd: 32 products an instruction, exact. Registers, of 16: rows * vectors accumulators (at most
// 12), the vectors of b, one broadcast of a. No tiles of 3 vectors: channels mostly come in multiples of 16, so in twos.
#include "ops/gemm/tile.h"
#include "ops/intrinsics.h"
#include "ops/peak/vector.h"

namespace intrain::ops::avxvnni {
namespace {

struct Vnni {
  using Element = uint8_t;
  using Register = __m256i;
  static constexpr int kDepth = 4, kLanes = 8;
  static inline Register load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static inline void store(void* p, Register v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static inline Register broadcast(const Element* p) {
    int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm256_set1_epi32(four);
  }
  static inline Register dot(Register c, Register a, Register b) { return _mm256_dpbusd_avx_epi32(c, a, b); }
};

constexpr TileKernel::Functions kUnsignedSigned = tile_functions<Vnni, false, 12, 6>();
constexpr TileKernel::Functions kSignedUnsigned = tile_functions<Vnni, true, 12, 6>();

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {
    "u8s8_vpdpbusd_avxvnni", 4, 1, 8, 2, {0, 12, 6, 0, 0}, {{nullptr, &kUnsignedSigned}, {&kSignedUnsigned, nullptr}}};
extern const PeakKernel kPeak;
const PeakKernel kPeak = peak_kernel<Vnni>("vpdpbusd, ymm");

}  // namespace intrain::ops::avxvnni
