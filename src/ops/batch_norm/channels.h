// Batch normalization, all channels of a layer: from exact sums and stored statistics to what the kernels take. batch_norm.h has the
// formulas of one channel; here is what widths (base/widths.h) do to them, and what is common to the channels.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/widths.h"
#include "ops/batch_norm/batch_norm.h"

namespace intrain::ops {

// The input: y of channel c has the exponent exp + shift[c]; shift null: exp.
struct NormInput {
  int channels;
  int exp;
  const int32_t* shift;
  constexpr int shift_of(int c) const { return shift != nullptr ? shift[c] : 0; }
  constexpr int exp_of(int c) const { return exp + shift_of(c); }
};

// x_hat = clamp(rshift_round(y mult + offset, s + shift), +-limit) 2^left, of the exponent exp, s the shift of the channel's Affine. Where an
// activation follows it is f of ops/activate/activate.h, else the s8 that is kept.
//   16 bits, an activation follows: all bits of f, shift = -4, limit = 32767, left = 0
//   else k = min(8, widths.x_hat) bits: shift = 8 - k, limit = 2^(k-1) - 1, left = 8 - k, and 4 more for f
// s + shift in [0, 31], because s in [4, 25] and k >= 2.
struct NormGrid {
  int shift, limit, left, exp;
};
constexpr NormGrid norm_grid(const Widths& widths, bool activation) {
  constexpr int kFiner = kNormalizedExp - kFineExp;
  if (activation && widths.x_hat == 16) return {-kFiner, kS16Max, 0, kFineExp};
  const int bits = widths.x_hat < 8 ? widths.x_hat : 8, up = 8 - bits;
  return {up, static_cast<int>(quantize_limit(bits)), up + (activation ? kFiner : 0), activation ? kFineExp : kNormalizedExp};
}

// Per channel: sigma with 16 fraction bits, and the affine map, whose shift is that of the grid as well.
struct NormMaps {
  uint32_t* sigma;
  int32_t *mult, *offset, *shift;
};

// A new layer's running statistics: mean 0, variance 1.
void running_reset(int channels, int64_t* running_mean, int64_t* running_var);

// The maps from the moments of each channel: mean rounded to widths.mu significant bits, sigma to widths.sigma.
// Training: moments of the batch, from S1 of all channels and then S2 in sums, over n elements a channel; updates the running statistics.
void batch_norm_statistics(const NormInput& in, const int64_t* sums, int64_t n, const Widths& widths, const NormGrid& grid,
                           int64_t* running_mean, int64_t* running_var, const NormMaps& maps);
// The running statistics alone, of batches that were normalized by them: their variance becomes that around the running mean, so that a single
// element has one.
void batch_norm_update_running(const NormInput& in, const int64_t* sums, int64_t n, int64_t* running_mean, int64_t* running_var);
// Evaluation: the running statistics, which stay.
void batch_norm_fold(const NormInput& in, const int64_t* running_mean, const int64_t* running_var, const Widths& widths,
                     const NormGrid& grid, const NormMaps& maps);

// k, b and a of all channels, from Se of all channels and then Sx in sums, over n elements a channel. constants: mean and sigma are constants,
// through which nothing goes back: a = b = 0. e: the exponent of the aligned error. Returns the exponent of v.
int batch_norm_backward_channels(const NormInput& in, const int8_t* gamma, const uint32_t* sigma, const int64_t* sums, int64_t n,
                                 bool constants, int e, int32_t* k, int32_t* b, int32_t* a);

// d_beta = Se has the exponent e of the aligned error, d_gamma = Sx:
constexpr int gamma_gradient_exp(int e) { return e + kNormalizedExp; }

}  // namespace intrain::ops
