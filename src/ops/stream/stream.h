// The residual stream of pre-activation nets: s16, saturated. Its error is that of batch_norm_backward_add.
#pragma once

#include <cstdint>

#include "base/formats.h"

namespace intrain::ops {

// dst[i] = clamp(dst[i] + src[i], +-32767): src16, the stream so far; or, where that is null, an activation src8 << src_shift
// (src_shift = exponent of src8 - that of the stream, 0 to 7: at most 255 * 2^7 = 32640).
struct StreamAdd {
  const int16_t* src16;
  const uint8_t* src8;
  int src_shift;
  int64_t count;
  int16_t* dst;
};
void stream_add_reference(const StreamAdd& p);

// The exponent that a stream takes for a channel of these running statistics (kRunningExp fraction bits, within +-kRunningMost): the least from
// kStreamExp to kMostStreamExp by which s16 holds the mean and 8 deviations more, which is where x_hat ends. Nothing holds the mean of
// a stream, for batch norm takes it away: its W wander along it, by the rounding of E2.
int stream_exp(int64_t running_mean, int64_t running_var);

}  // namespace intrain::ops
