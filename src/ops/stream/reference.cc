#include "base/formats.h"
#include "base/rounding.h"
#include "ops/stream/stream.h"

namespace intrain::ops {

void stream_add_reference(const StreamAdd& p) {
  for (int64_t i = 0; i < p.count; ++i) {
    const int64_t src = p.src16 != nullptr ? p.src16[i] : int64_t{p.src8[i]} << p.src_shift;
    p.dst[i] = static_cast<int16_t>(clamp(p.dst[i] + src, -kS16Max, kS16Max));
  }
}

int32_t stream_error_reference(const StreamError& p) {
  int64_t max = 0;
  for (int64_t i = 0; i < p.norm.rows * p.norm.channels; ++i) {
    int64_t sum = scale_pow2(batch_norm_backward_value(p.norm, i), -p.scale.acc_shift);
    if (p.addend != nullptr) sum += scale_pow2(p.addend[i], -p.scale.addend_shift);
    sum = clamp(sum, -kS16Max, kS16Max);
    p.dst[i] = static_cast<int16_t>(sum);
    const int64_t m = sum < 0 ? -sum : sum;
    if (m > max) max = m;
  }
  return static_cast<int32_t>(max);
}

}  // namespace intrain::ops
