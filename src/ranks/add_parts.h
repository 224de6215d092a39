// Sums of what ranks sent each other.
#pragma once

#include <cstdint>

namespace intrain {

// sums[i] = parts[0][i] + ... + parts[ranks - 1][i], modulo 2^(8 width), for 0 <= i < count. Integers of `width` bytes: 1 to 4 or 8, the lowest first.
void add_parts(int width, const uint8_t* parts, int ranks, int64_t count, uint8_t* sums);

}  // namespace intrain
