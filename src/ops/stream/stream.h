// The residual stream of pre-activation nets: s16 at kStreamExp, saturated. Its error is that of batch_norm_backward_add.
#pragma once

#include <cstdint>

#include "base/formats.h"

namespace intrain::ops {

// dst[i] = clamp(dst[i] + src[i], +-32767): src16, the stream so far; or, where that is null, an activation src8 << src_shift
// (src_shift = exponent of src8 - kStreamExp, 0 to 7: at most 255 * 2^7 = 32640).
struct StreamAdd {
  const int16_t* src16;
  const uint8_t* src8;
  int src_shift;
  int64_t count;
  int16_t* dst;
};
constexpr int stream_shift(int exp) { return exp - kStreamExp; }  // src_shift of a src8 of the exponent `exp`
void stream_add_reference(const StreamAdd& p);

}  // namespace intrain::ops
