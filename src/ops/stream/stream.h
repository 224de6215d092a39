// The residual stream of pre-activation nets: s16 at kStreamExp, saturated. Its error is E1 of error.h.
#pragma once

#include <cstdint>

#include "ops/batch_norm/batch_norm.h"
#include "ops/error/error.h"

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
void stream_add_reference(const StreamAdd& p);

// E1 of the stream, one image: what comes back through batch norm, v = k e + b (256 x_hat) + a of `norm` (its shift, dst and random are
// not read), and what another consumer has left there, as error_stage:
//   dst = clamp(scale_pow2(v, -acc_shift) + scale_pow2(addend, -addend_shift), +-32767)
// Returns max |dst|. scale is error_scale of the true maxima. addend may be null, or dst.
struct StreamError {
  NormBackward norm;
  const int16_t* addend;
  ErrorScale scale;
  int16_t* dst;
};
int32_t stream_error_reference(const StreamError& p);

}  // namespace intrain::ops
