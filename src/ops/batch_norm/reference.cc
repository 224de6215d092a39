#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"

namespace intrain::ops {

void batch_norm_sums_reference(const NormSums& p) {
  for (int64_t i = 0; i < p.rows * p.channels; ++i) {
    const int64_t y = p.y[i];
    p.s1[i % p.channels] += y;
    p.s2[i % p.channels] += y * y;
  }
}

void batch_norm_normalize_reference(const Normalize& p) {
  for (int64_t i = 0; i < p.rows * p.channels; ++i) {
    const int64_t c = i % p.channels;
    const int64_t x = rshift_round(int64_t{p.y[i]} * p.mult[c] + p.offset[c], p.shift[c]);
    p.x_hat[i] = static_cast<int8_t>(clamp(x, -kS8Max, kS8Max));
  }
}

int32_t batch_norm_backward_sums_reference(const NormBackwardSums& p) {
  int64_t max = 0;
  for (int64_t i = 0, c = 0; i < p.rows * p.channels; ++i, c = c + 1 < p.channels ? c + 1 : 0) {
    bool pass = true;
    if (p.mask != nullptr) {
      const int output = p.bottom < 0 ? static_cast<int8_t>(p.mask[i]) : p.mask[i];
      pass = p.bottom < output && output < p.top;
    }
    const int64_t e = pass ? clamp(scale_pow2(p.e[i], -p.align), -kS16Max, kS16Max) : 0;
    p.e[i] = static_cast<int16_t>(e);
    p.sum_e[c] += e;
    p.sum_ex[c] += e * p.x_hat[i];
    const int64_t m = e < 0 ? -e : e;
    if (m > max) max = m;
  }
  return static_cast<int32_t>(max);
}

uint32_t batch_norm_backward_max_reference(const NormBackward& p) {
  uint64_t max = 0;
  for (int64_t i = 0; i < p.rows * p.channels; ++i) {
    const uint64_t m = magnitude(batch_norm_backward_value(p, i));
    if (m > max) max = m;
  }
  return static_cast<uint32_t>(max);
}

void batch_norm_backward_quantize_reference(const NormBackward& p) {
  for (int64_t i = 0; i < p.rows * p.channels; ++i) {
    const int32_t v = static_cast<int32_t>(batch_norm_backward_value(p, i));
    const uint8_t r = p.random != nullptr ? p.random->stream.byte(p.random->sample, p.first + i) : 0;
    quantize_error(v, p.shift, p.random != nullptr ? &r : nullptr, p.plane, i, p.dst);
  }
}

int32_t batch_norm_backward_add_reference(const NormBackwardAdd& p) {
  int64_t max = 0;
  for (int64_t i = 0; i < p.norm.rows * p.norm.channels; ++i) {
    int64_t sum = scale_pow2(batch_norm_backward_value(p.norm, i), -p.v_shift);
    if (p.addend != nullptr) sum += scale_pow2(p.addend[i], -p.addend_shift);
    sum = clamp(sum, -kS16Max, kS16Max);
    p.dst[i] = static_cast<int16_t>(sum);
    const int64_t m = sum < 0 ? -sum : sum;
    if (m > max) max = m;
  }
  return static_cast<int32_t>(max);
}

}  // namespace intrain::ops
