// u8 x s8 by tdpbusd and s8 x u8 by tdpbsud: up to 16 rows of 64 bytes times 16 columns an instruction, exact. Tile registers: an accumulator
// for each 16 columns, one of a and one of b, and one each for the last steps of a segment, which may be fewer than 16. A panel of b is what
// the instruction wants: a row of 64 bytes holds one step of 16 columns.
#include "ops/gemm/gemm.h"
#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops::amx {
namespace {

constexpr int kSteps = 16;  // of a tile register: 64 bytes of a row of a, 16 rows of b

// The shapes of the tile registers, as ldtilecfg reads them. 0 to 3: c. 4, 5: a and b. 6, 7: a and b of the last `rest` steps of a segment.
struct alignas(64) Shapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  constexpr void set(int tile, int of_rows, int of_row_bytes) {
    rows[tile] = static_cast<uint8_t>(of_rows);
    row_bytes[tile] = static_cast<uint16_t>(of_row_bytes);
  }
};

template <int kRows>
struct ShapesByRest {
  Shapes of[kSteps];

  constexpr ShapesByRest() {
    for (int rest = 0; rest < kSteps; ++rest) {
      Shapes& s = of[rest];
      for (int tile = 0; tile < 4; ++tile) s.set(tile, kRows, 64);
      s.set(4, kRows, 4 * kSteps);
      s.set(5, kSteps, 64);
      if (rest > 0) {
        s.set(6, kRows, 4 * rest);
        s.set(7, rest, 64);
      }
    }
  }
};

// To load shapes takes as long as 10 products, to look at them as long as one. They are looked at rather than remembered: other code of
// this thread, of another library, may have loaded its own.
inline void load_shapes(const Shapes& wanted) {
  alignas(64) uint64_t now[8], then[8], different = 0;
  _tile_storeconfig(now);
  compiler_fence(now);
  __builtin_memcpy(then, &wanted, sizeof then);
  for (int i = 0; i < 8; ++i) different |= now[i] ^ then[i];
  if (different != 0) _tile_loadconfig(&wanted);
}

// The number of a tile register is part of the instruction: a literal.
template <int kVectors>
inline void load_c(const int32_t* c, int64_t stride) {
  _tile_loadd(0, c, stride);
  if constexpr (kVectors > 1) _tile_loadd(1, c + 16, stride);
  if constexpr (kVectors > 2) _tile_loadd(2, c + 32, stride);
  if constexpr (kVectors > 3) _tile_loadd(3, c + 48, stride);
}

template <int kVectors>
inline void store_c(int32_t* c, int64_t stride) {
  _tile_stored(0, c, stride);
  if constexpr (kVectors > 1) _tile_stored(1, c + 16, stride);
  if constexpr (kVectors > 2) _tile_stored(2, c + 32, stride);
  if constexpr (kVectors > 3) _tile_stored(3, c + 48, stride);
}

// c of 16 columns += a b: b from its panel, a as loaded.
#define INTRAIN_MULTIPLY(c_tile, a_tile, b_tile)                   \
  if constexpr (kVectors > c_tile) {                               \
    _tile_loadd(b_tile, b + 64 * (c_tile), 64 * kVectors);         \
    if constexpr (kSignedA) _tile_dpbsud(c_tile, a_tile, b_tile);  \
    if constexpr (!kSignedA) _tile_dpbusd(c_tile, a_tile, b_tile); \
  }
#define INTRAIN_MULTIPLY_ALL(a_tile, b_tile) \
  _tile_loadd(a_tile, a, p.lda);             \
  INTRAIN_MULTIPLY(0, a_tile, b_tile)        \
  INTRAIN_MULTIPLY(1, a_tile, b_tile)        \
  INTRAIN_MULTIPLY(2, a_tile, b_tile)        \
  INTRAIN_MULTIPLY(3, a_tile, b_tile)

template <int kVectors, int kRows, bool kSignedA>
void tile(const TileArgs& p) {
  static constexpr ShapesByRest<kRows> kShapes;
  const int full = p.steps / kSteps, rest = p.steps % kSteps;
  compiler_fence(p.c);
  load_shapes(kShapes.of[rest]);
  if (p.init != nullptr) {
    load_c<kVectors>(p.init, 0);  // the same for each row
  } else {
    load_c<kVectors>(p.c, 4 * p.ldc);
  }
  const uint8_t* b = static_cast<const uint8_t*>(p.b);
  for (int s = 0; s < p.segments; ++s) {
    const uint8_t* a = static_cast<const uint8_t*>(p.a) + p.offset[s];
    for (int t = 0; t < full; ++t) {
      INTRAIN_MULTIPLY_ALL(4, 5)
      a += 4 * kSteps;
      b += 64 * kVectors * kSteps;
    }
    if (rest > 0) {
      INTRAIN_MULTIPLY_ALL(6, 7)
      b += 64 * kVectors * rest;
    }
  }
  store_c<kVectors>(p.c, 4 * p.ldc);
}

template <bool kSignedA, int kVectors, int kRows>
constexpr void fill_tiles(TileKernel::Functions& f) {
  f.of[kVectors][kRows] = &tile<kVectors, kRows, kSignedA>;
  if constexpr (kRows > 1) {
    fill_tiles<kSignedA, kVectors, kRows - 1>(f);
  } else if constexpr (kVectors > 1) {
    fill_tiles<kSignedA, kVectors - 1, TileKernel::kMaxRows>(f);
  }
}

template <bool kSignedA>
constexpr TileKernel::Functions tile_functions() {
  TileKernel::Functions f{};
  fill_tiles<kSignedA, TileKernel::kMaxVectors, TileKernel::kMaxRows>(f);
  return f;
}

constexpr TileKernel::Functions kUnsignedSigned = tile_functions<false>();
constexpr TileKernel::Functions kSignedUnsigned = tile_functions<true>();

// Full tile registers: 16 x 16 x 64 products an instruction, into four accumulators.
uint32_t peak_multiply(const PeakArgs& p) {
  static constexpr ShapesByRest<16> kShapes;
  alignas(64) uint8_t a[16 * 64];
  alignas(64) int8_t b[16 * 64];
  alignas(64) uint32_t c[4][16 * 16] = {};
  __builtin_memset(a, p.a, sizeof a);
  __builtin_memset(b, p.b, sizeof b);
  compiler_fence(a);
  compiler_fence(b);
  compiler_fence(c);
  load_shapes(kShapes.of[0]);
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

}  // namespace

extern const TileKernel kTile;
const TileKernel kTile = {
    "u8s8_tdpbusd_amx", 4, 1, 16, 4, {0, 16, 16, 16, 16}, {{nullptr, &kUnsignedSigned}, {&kSignedUnsigned, nullptr}}};
extern const PeakKernel kPeak;
const PeakKernel kPeak = {"tdpbusd, 16 rows", 4 * 16 * 16 * 64, peak_multiply};

}  // namespace intrain::ops::amx
