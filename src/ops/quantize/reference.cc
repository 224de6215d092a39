#include "base/formats.h"
#include "base/rounding.h"
#include "ops/quantize/quantize.h"

namespace intrain::ops {

void quantize_fixed_reference(const QuantizeFixed& p) {
  for (int64_t i = 0; i < p.count; ++i) p.dst[i] = static_cast<int8_t>(quantize(p.master[i], p.shift, 8));
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
