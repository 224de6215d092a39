// The shifts by which the sums of a convolution become s16 (StageS16): of each channel from a bound, or one for all where the output goes
// into a residual stream.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "ops/conv2d/conv2d.h"

namespace intrain::ops {

// The largest magnitude of what a convolution reads: u8, or s8.
constexpr int64_t staging_amax(bool signed_src) { return signed_src ? kS8Max : kU8Max; }

// shift[c] = staging_shift(amax, sum |w_c|) of each of the shape's output channels, from W in s8; the exponent of the output of channel c is e_x
// + e_w + shift[c].
void staging_shifts(const ConvShape& shape, const int8_t* wei, int32_t* shift);

// Into a stream, of the exponent e_h whatever W is: s = e_h - e_x - e_w = most - t, e_w = kMasterExp + t. So t is kept where a kernel has that
// shift, 0 to kMaxStagingShift. For e_x = -5 and e_h = -8 that is t = 4 to 21, which only weights that are all below 2^-13, or one of 16 and
// more, would leave.
struct StreamStaging {
  int least, most;  // of t
};
constexpr StreamStaging stream_staging(int src_exp, int stream_exp) {
  const int most = stream_exp - src_exp - kMasterExp;
  return {most - kMaxStagingShift, most};
}

}  // namespace intrain::ops
