// Integers on their way between ranks, in the fewest of 2, 3, 4 or 8 bytes that take each of them, and G in 1 or 2: two's complement, the
// lowest byte first. Nothing is rounded.
#pragma once

#include <cstdint>

namespace intrain::ops {

// For |v| <= most.
constexpr int packed_bytes(uint64_t most) {
  const auto fits = [most](int bytes) { return most < uint64_t{1} << (8 * bytes - 1); };
  return fits(2) ? 2 : fits(3) ? 3 : fits(4) ? 4 : 8;
}

// Elements [begin, end), of 1, 2, 3 or 4 bytes each. Of what is packed the low bits are taken: sums of packed integers are right modulo
// 2^(8 bytes).
void gradient_pack_reference(const int64_t* src, int64_t begin, int64_t end, int bytes, uint8_t* dst);
void gradient_unpack_reference(const uint8_t* src, int64_t begin, int64_t end, int bytes, int64_t* dst);

static_assert(packed_bytes(0) == 2 && packed_bytes(INT16_MAX) == 2 && packed_bytes(INT16_MAX + 1) == 3 &&
              packed_bytes((1 << 23) - 1) == 3 && packed_bytes(1 << 23) == 4 && packed_bytes(INT32_MAX) == 4 &&
              packed_bytes(uint64_t{1} << 31) == 8);

}  // namespace intrain::ops
