#include "base/assert.h"
#include "ops/gemm/gemm.h"

namespace intrain::ops {

TileProduct tile_product(const TileKernel& tile, bool signed_a, bool signed_b) {
  const auto of = [&](bool a, bool b) { return tile.functions[a ? 1 : 0][b ? 1 : 0]; };
  const PackFormat a{tile.element_bytes, tile.depth, signed_a, 0}, b{tile.element_bytes, tile.depth, signed_b, 0};
  if (of(signed_a, signed_b) != nullptr) return {of(signed_a, signed_b), a, b, 0, 0};
  INTRAIN_ASSERT(tile.element_bytes == 1);
  const auto moved = [](PackFormat f) {
    f.flip = 0x80;
    return f;
  };
  if (of(!signed_a, signed_b) != nullptr) return {of(!signed_a, signed_b), moved(a), b, signed_a ? 128 : -128, 0};
  INTRAIN_ASSERT(of(signed_a, !signed_b) != nullptr);
  return {of(signed_a, !signed_b), a, moved(b), 0, signed_b ? 128 : -128};
}

}  // namespace intrain::ops
