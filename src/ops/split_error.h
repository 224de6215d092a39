// E2 of one value, in one s8 tensor or in two planes: what every operator that quantizes an error shares.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/rounding.h"

namespace intrain::ops {

// The second of two planes of E2, or none (low is null). Of v, with round() to nearest or stochastic:
//   flag   if |v| >= 2^shift: (clamp(round(v / 2^shift), +-127), 0), else (0, clamp(round(v / 2^(shift-7)), +-127)), exact where the
//          power is negative. WAGEUBN's flag format Q_E2: 8 bits, in two ranges
//   else   split_planes(clamp(round(v / 2^shift), +-limit))
struct ErrorPlane {
  int8_t* low = nullptr;
  bool flag = false;
  int limit = 0;  // at most kPlanesMax; of the flag format not read
};

// One value: dst[i], and plane.low[i] if there is one. |v| < 2^31 - 2^shift. `r`: the random byte, or null.
static inline void quantize_error(int32_t v, int shift, const uint8_t* r, const ErrorPlane& plane, int64_t i, int8_t* dst) {
  const auto rounded = [&](int s) { return r != nullptr ? rshift_stochastic8(v, s, *r) : rshift_round(v, s); };
  const auto s8 = [](int64_t q) { return static_cast<int8_t>(clamp(q, -kS8Max, kS8Max)); };
  if (plane.low == nullptr) {
    dst[i] = s8(rounded(shift));
  } else if (plane.flag) {
    const bool large = magnitude(v) >> shift != 0;
    dst[i] = large ? s8(rounded(shift)) : int8_t{0};
    plane.low[i] = large ? int8_t{0} : s8(shift >= 7 ? rounded(shift - 7) : scale_pow2(v, 7 - shift));
  } else {
    const Planes planes = split_planes(static_cast<int32_t>(clamp(rounded(shift), -plane.limit, plane.limit)));
    dst[i] = static_cast<int8_t>(planes.high);
    plane.low[i] = static_cast<int8_t>(planes.low);
  }
}

}  // namespace intrain::ops
