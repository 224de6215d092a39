#include "base/formats.h"
#include "base/rounding.h"
#include "ops/error/error.h"

namespace intrain::ops {

int32_t error_stage_reference(const ErrorStage& p) {
  int64_t max = 0;
  for (int64_t i = 0; i < p.count; ++i) {
    int64_t sum = scale_pow2(p.acc[i], -p.scale.acc_shift);
    if (p.addend != nullptr) sum += scale_pow2(p.addend[i], -p.scale.addend_shift);
    sum = clamp(sum, -kS16Max, kS16Max);
    p.dst[i] = static_cast<int16_t>(sum);
    const int64_t m = sum < 0 ? -sum : sum;
    if (m > max) max = m;
  }
  return static_cast<int32_t>(max);
}

uint32_t max_abs_reference(const MaxAbs& p) {
  uint64_t max = 0;
  for (int64_t i = 0; i < p.count; ++i)
    if (magnitude(p.src[i]) > max) max = magnitude(p.src[i]);
  return static_cast<uint32_t>(max);
}

void error_quantize_reference(const ErrorQuantize& p) {
  for (int64_t i = 0; i < p.count; ++i) {
    const int32_t v = p.src32 != nullptr ? p.src32[i] : p.src16[i];
    const uint8_t r = p.random != nullptr ? p.random->stream.byte(p.random->sample, i) : 0;
    quantize_error(v, p.shift, p.random != nullptr ? &r : nullptr, p.plane, i, p.dst);
  }
}

}  // namespace intrain::ops
