#include "base/formats.h"
#include "base/rounding.h"
#include "ops/quantize/quantize.h"

namespace intrain::ops {

void quantize_fixed_reference(const QuantizeFixed& p) {
  for (int64_t i = 0; i < p.count; ++i) p.dst[i] = static_cast<int8_t>(quantize(p.master[i], p.shift, 8));
}

int weight_shift(uint32_t max, const Widths& widths, int least, int most) {
  const int t = widths.fixed_w ? kFixedWeightExp - kMasterExp : quantize_shift(max, 8);
  return static_cast<int>(clamp(t, least, most));
}

void quantize_stored_reference(const QuantizeFixed& p, int bits) {
  for (int64_t i = 0; i < p.count; ++i)
    p.dst[i] = static_cast<int8_t>(quantize(p.master[i], stored_shift(p.shift, bits), bits) * (1 << (8 - bits)));
}

int quantize_weights_reference(const int32_t* master, int64_t count, const Widths& widths, int least, int most, int8_t* dst) {
  uint64_t max = 0;
  for (int64_t i = 0; i < count; ++i)
    if (magnitude(master[i]) > max) max = magnitude(master[i]);
  const int t = weight_shift(static_cast<uint32_t>(max), widths, least, most);
  quantize_stored_reference({master, count, t, dst}, widths.w);
  return t;
}

void rescale_bias_reference(const int32_t* master, int64_t count, int exp, int32_t* dst) {
  for (int64_t i = 0; i < count; ++i)
    dst[i] = static_cast<int32_t>(clamp(scale_pow2(master[i], kMasterExp - exp), -INT32_MAX, INT32_MAX));
}

void l1_norms_reference(const L1Norms& p) {
  for (int64_t r = 0; r < p.rows; ++r) {
    const int8_t* row = p.wei + r * p.row_size;
    p.dst[r] = 0;
    for (int64_t i = 0; i < p.row_size; ++i) p.dst[r] += row[i] < 0 ? -row[i] : row[i];
  }
}

}  // namespace intrain::ops
