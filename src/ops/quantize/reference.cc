#include "base/formats.h"
#include "base/rounding.h"
#include "ops/quantize/quantize.h"

namespace intrain::ops {

int quantize_weights_reference(const int32_t* master, int64_t count, int8_t* dst) {
  uint64_t max = 0;
  for (int64_t i = 0; i < count; ++i)
    if (magnitude(master[i]) > max) max = magnitude(master[i]);
  const int t = quantize_shift(max, 8);
  quantize_fixed_reference(master, count, t, dst);
  return t;
}

void quantize_fixed_reference(const int32_t* master, int64_t count, int shift, int8_t* dst) {
  for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<int8_t>(quantize(master[i], shift, 8));
}

void rescale_bias_reference(const int32_t* master, int64_t count, int exp, int32_t* dst) {
  for (int64_t i = 0; i < count; ++i)
    dst[i] = static_cast<int32_t>(clamp(scale_pow2(master[i], kMasterExp - exp), -INT32_MAX, INT32_MAX));
}

void l1_norms_reference(const int8_t* wei, int64_t rows, int64_t row_size, int64_t* dst) {
  for (int64_t r = 0; r < rows; ++r) {
    int64_t sum = 0;
    for (int64_t i = 0; i < row_size; ++i) sum += wei[r * row_size + i] < 0 ? -wei[r * row_size + i] : wei[r * row_size + i];
    dst[r] = sum;
  }
}

}  // namespace intrain::ops
