#include "ops/error/product_error.h"

#include "base/formats.h"
#include "ops/error/error.h"

namespace intrain::ops {
namespace {

int narrower(const Widths& widths) { return widths.e2 < 8 ? 8 - widths.e2 : 0; }
int upper_exp(int unit, const Widths& widths) { return unit + (widths.e2 > 8 ? widths.e2_plane_shift() : 0); }

}  // namespace

ProductScale product_scale(uint64_t max, int exp, const Widths& widths) {
  const int t = quantize_shift(max, widths.e2_bits());
  return {t + narrower(widths), exp + t, upper_exp(exp + t, widths)};
}

int product_unit(const int32_t* exp, const int32_t* max, int images, const Widths& widths) {
  int unit = kNoError;
  for (int n = 0; n < images; ++n) {
    if (max[n] == 0) continue;
    const int top = exp[n] + quantize_shift(static_cast<uint32_t>(max[n]), widths.e2_bits());
    if (top > unit) unit = top;
  }
  return unit;
}

ProductScale product_scale_of(int64_t unit, const Widths& widths) {
  const int exp = unit == kNoError ? 0 : static_cast<int>(unit);
  return {0, exp, upper_exp(exp, widths)};
}

int product_shift(const ProductScale& scale, int exp, int32_t max, const Widths& widths) {
  if (max == 0) return 0;
  const int shift = scale.unit - exp, most = widths.flag_e2 ? 31 : 24;
  return (shift < most ? shift : most) + narrower(widths);
}

int plane_limit(const Widths& widths) {
  const int64_t limit = quantize_limit(widths.e2_bits());
  return static_cast<int>(limit < kPlanesMax ? limit : kPlanesMax);
}

void add_plane_sums(int64_t* upper, const int64_t* lower, int64_t begin, int64_t end, const Widths& widths) {
  const int64_t factor = int64_t{1} << widths.e2_plane_shift();
  for (int64_t i = begin; i < end; ++i) upper[i] = upper[i] * factor + lower[i];
}

void merge_planes(const int8_t* upper, const int8_t* lower, int64_t count, const Widths& widths, int16_t* dst) {
  const int factor = 1 << widths.e2_plane_shift();
  for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<int16_t>(upper[i] * factor + lower[i]);
}

void bias_gradient(const int8_t* upper, const int8_t* lower, int64_t rows, int64_t channels, const Widths& widths,
                   int64_t* grad) {
  const int64_t factor = int64_t{1} << widths.e2_plane_shift();
  for (int64_t c = 0; c < channels; ++c) grad[c] = 0;
  for (int64_t i = 0, c = 0; i < rows * channels; ++i, c = c + 1 < channels ? c + 1 : 0)
    grad[c] += lower == nullptr ? upper[i] : upper[i] * factor + lower[i];
}

}  // namespace intrain::ops
