// The instructions of AMX that kernels use, as Intel's manual defines them, on CPUs without them (INTRAIN_EMULATE_VNNI).
#pragma once

#include <cstdint>

namespace intrain::ops::emulated {

struct TileState {
  uint8_t shapes[64];  // palette, 15 bytes of no use here, 16 times bytes of a row (u16), 16 times rows
  uint8_t data[8][16][64];

  int row_bytes(int tile) const { return shapes[16 + 2 * tile] | shapes[17 + 2 * tile] << 8; }
  int rows(int tile) const { return shapes[48 + tile]; }
};
static thread_local TileState tile_state;

static inline void tile_loadconfig(const void* from) {
  __builtin_memset(tile_state.data, 0, sizeof tile_state.data);
  __builtin_memcpy(tile_state.shapes, from, sizeof tile_state.shapes);
}
static inline void tile_storeconfig(void* to) { __builtin_memcpy(to, tile_state.shapes, sizeof tile_state.shapes); }

static inline void tile_loadd(int tile, const void* base, int64_t stride) {
  __builtin_memset(tile_state.data[tile], 0, sizeof tile_state.data[tile]);
  for (int r = 0; r < tile_state.rows(tile); ++r)
    __builtin_memcpy(tile_state.data[tile][r], static_cast<const uint8_t*>(base) + r * stride,
                     static_cast<uint64_t>(tile_state.row_bytes(tile)));
}
static inline void tile_stored(int tile, void* base, int64_t stride) {
  for (int r = 0; r < tile_state.rows(tile); ++r)
    __builtin_memcpy(static_cast<uint8_t*>(base) + r * stride, tile_state.data[tile][r],
                     static_cast<uint64_t>(tile_state.row_bytes(tile)));
}

// c[m][n] += sum over k, j of a[m][4 k + j] b[k][4 n + j]. Shapes that do not fit each other are a fault.
template <class A, class B>
static void tile_dot(int c, int a, int b) {
  const TileState& t = tile_state;
  if (t.rows(c) != t.rows(a) || t.row_bytes(a) != 4 * t.rows(b) || t.row_bytes(c) != t.row_bytes(b)) __builtin_trap();
  for (int m = 0; m < t.rows(c); ++m)
    for (int n = 0; n < t.row_bytes(c) / 4; ++n) {
      uint32_t sum;
      __builtin_memcpy(&sum, &t.data[c][m][4 * n], 4);
      for (int k = 0; k < t.rows(b); ++k)
        for (int j = 0; j < 4; ++j)
          sum += static_cast<uint32_t>(static_cast<A>(t.data[a][m][4 * k + j]) * static_cast<B>(t.data[b][k][4 * n + j]));
      __builtin_memcpy(&tile_state.data[c][m][4 * n], &sum, 4);
    }
}

}  // namespace intrain::ops::emulated

#undef _tile_loadconfig
#undef _tile_storeconfig
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbusd
#undef _tile_dpbsud
#define _tile_loadconfig ::intrain::ops::emulated::tile_loadconfig
#define _tile_storeconfig ::intrain::ops::emulated::tile_storeconfig
#define _tile_loadd ::intrain::ops::emulated::tile_loadd
#define _tile_stored ::intrain::ops::emulated::tile_stored
#define _tile_dpbusd (::intrain::ops::emulated::tile_dot<uint8_t, int8_t>)
#define _tile_dpbsud (::intrain::ops::emulated::tile_dot<int8_t, uint8_t>)
