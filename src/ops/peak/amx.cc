// tdpbusd on full tile registers, as the register tile: 16 x 16 x 64 products an instruction, into four accumulators.
#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops::amx {

static uint32_t peak_multiply(const PeakArgs& p) {
  // As ldtilecfg reads them: palette 1, bytes of a row from byte 16 on (u16), rows from byte 48 on.
  alignas(64) uint8_t shapes[64] = {1};
  for (int tile = 0; tile < 6; ++tile) {
    shapes[16 + 2 * tile] = 64;
    shapes[48 + tile] = 16;
  }
  alignas(64) uint8_t a[16 * 64];
  alignas(64) int8_t b[16 * 64];
  alignas(64) uint32_t c[4][16 * 16] = {};
  __builtin_memset(a, p.a, sizeof a);
  __builtin_memset(b, p.b, sizeof b);
  compiler_fence(shapes);
  compiler_fence(a);
  compiler_fence(b);
  compiler_fence(c);
  _tile_loadconfig(shapes);
  _tile_loadd(0, c[0], 64);
  _tile_loadd(1, c[1], 64);
  _tile_loadd(2, c[2], 64);
  _tile_loadd(3, c[3], 64);
  _tile_loadd(4, a, 64);
  _tile_loadd(5, b, 64);
  for (int64_t i = 0; i < p.iterations; ++i) {
    _tile_dpbusd(0, 4, 5);
    _tile_dpbusd(1, 4, 5);
    _tile_dpbusd(2, 4, 5);
    _tile_dpbusd(3, 4, 5);
  }
  _tile_stored(0, c[0], 64);
  _tile_stored(1, c[1], 64);
  _tile_stored(2, c[2], 64);
  _tile_stored(3, c[3], 64);
  uint32_t sum = 0;
  for (const auto& of : c)
    for (uint32_t value : of) sum += value;
  return sum;
}

extern const PeakKernel kPeak;
const PeakKernel kPeak = {"tdpbusd, 16 rows", 4 * 16 * 16 * 64, peak_multiply};

}  // namespace intrain::ops::amx
