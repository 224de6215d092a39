// Batch normalization, statistics to x_hat, and its backward pass. One channel each; y is the staged convolution output (s16) of
// exponent e_y = e_x + e_w + s (s: the channel's staging shift).
//
// Training statistics over n = images * pixels elements, n <= 2^29, exact sums S1 = sum y, S2 = sum y^2 (s64: n 2^30 <= 2^59):
//   q = floor(S1 / n), r = S1 - q n                      0 <= r < n
//   D2 = sum (y - q)^2 = S2 - q (S1 + r)                 exact, no wide product: each term is at most n 2^30
//   f = floor(r 2^16 / n)
//   mean_q16 = q 2^16 + f                                the mean to 2^-16
//   var_q16 = floor(D2 2^16 / n) - floor(f^2 / 2^16)     the variance, within 3 * 2^-16, not below 0
// |q| <= 2^15, |S1 + r| < n 2^15 + n, so |q (S1 + r)| < 2^59 + 2^44, and D2 and all before it are below 2^60. r 2^16 < 2^45, f < 2^16, and the
// fraction of D2 / n is formed of a rest below n, times 2^16: below 2^45.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/split_error.h"

namespace intrain::ops {

static_assert(int64_t{2047} * kS16Max * kS8Max <= (INT64_MAX >> kMaxCountLog2));
static_assert(kMaxCountLog2 + 30 < 60);  // S2, and q (S1 + r) but for its n 2^15

// One channel's mean and variance in units of y, with 16 fraction bits. |mean| <= 2^31, 0 <= var < 2^46.
struct Moments {
  int64_t mean_q16;
  int64_t var_q16;
};

Moments batch_norm_moments(int64_t s1, int64_t s2, int64_t n);
// The mean square of y - center: var + round(d^2 2^-16), d = clamp(mean - center, +-(2^31 - 1)), below 2^46 + 2^46.
int64_t moment_around(const Moments& m, int64_t center_q16);

// sigma_q16 = isqrt((var_q16 + epsilon) 2^16), epsilon = 2^-17 in units of y: 2^(-1 - 2 e_y) clamped to [1, 2^44]; at least 2^10: below
// 1/64 of a unit nearly all y are equal, and what is not is far beyond the ends of x_hat either way.
// 2^10 <= sigma_q16 < 2^32.
constexpr uint32_t kLeastSigma = 1 << 10;
uint32_t batch_norm_sigma(int64_t var_q16, int e_y);

// x_hat = clamp(round((y * mult + offset) / 2^shift), +-127), the affine map 2^4 (y - mean) / sigma:
//   L = bit_length(sigma_q16), shift = L - 7 in [4, 25], mult = round(2^(13 + L) / sigma_q16) in [2^13, 2^14]
//   offset = -round(clamp(mean_q16, +-2^31) * mult / 2^16)
// |y mult| < 2^29, |offset| <= 2^29, the rounding term at most 2^30 with shifts to 31 (narrower x_hat): the sum fits s32.
struct Affine {
  int32_t mult, offset, shift;
};
Affine batch_norm_affine(int64_t mean_q16, uint32_t sigma_q16);

// Running statistics with kRunningExp fraction bits, real units: run += round((new - run) * 102 / 1024); new is the batch's
// moment brought to real units, saturated to +-kRunningMost, where run stays. Precondition: |run| <= kRunningMost.
int64_t running_update(int64_t running, int64_t moment_q16, int exponent);
// Back to units of y with 16 fraction bits, for evaluation: the moments of batch_norm_affine.
Moments running_moments(int64_t running_mean, int64_t running_var, int e_y);

// Backward: e2 = gamma / sigma * (e - mean(e) - x_hat * mean(e x_hat)), on a scale common to all channels:
//   v = k e + b (256 x_hat) + a
// with e the aligned error (|e| <= 32767, exponent e_e), Se = sum e, Sx = sum e x_hat (exact s64), and over all channels
//   kappa = div_round(gamma8 * 2^(48 - s), sigma_q16)    |kappa| <= 127 * 2^48 / 2^10 < 2^45
//   T = quantize_shift(max |kappa|, 12),  k = quantize(kappa, T, 12)                   |k| <= 2047
//   a = -div_round(k Se, n)                              |a| <= 2047 * 32767 < 2^26
//   b = clamp(-div_round(k Sx, n 2^16), +-32767)
// The mean of |e x_hat| is below 2^15 * 17, because the rms of x_hat is at most 16 plus its rounding, so
// |b| <= 2^11 * 2^15 * 17 / 2^16 < 2^15: the clamp is there for arbitrary inputs only.
// |v| <= 2^26 + 32767 * 32512 + 2^26 < 2^30 + 2^27. The exponent of v is e_e + T - 38 - e_x - e_w.
// For n <= 2^29 the largest product is |k Sx| <= 2047 * 32767 * 127 * 2^29 = 4.58e18 < 2^63 = 9.22e18; |k Se| < 2^55; twice a rest of n 2^16 is
// below 2^46.
struct BackwardCoefficients {
  int32_t k, b, a;
};
int64_t batch_norm_kappa(int gamma, int staging_shift, uint32_t sigma_q16);
BackwardCoefficients batch_norm_coefficients(int64_t kappa, int t, int64_t sum_e, int64_t sum_ex, int64_t n);
constexpr int batch_norm_diff_exp(int e_e, int t, int e_in) { return e_e + t - 38 - e_in; }  // e_in = e_x + e_w

// Kernels, over `rows` rows of `channels` values (NHWC).

// s1[c] += sum y, s2[c] += sum y^2.
struct NormSums {
  const int16_t* y;
  int64_t rows;
  int channels;
  int64_t* s1;
  int64_t* s2;
};
void batch_norm_sums_reference(const NormSums& p);

// x_hat[i] from y[i], one Affine a channel in three arrays.
struct Normalize {
  const int16_t* y;
  int64_t rows;
  int channels;
  const int32_t* mult;
  const int32_t* offset;
  const int32_t* shift;
  int8_t* x_hat;
};
void batch_norm_normalize_reference(const Normalize& p);

// e[i] = clamp(scale_pow2(e[i], -align), +-32767) where bottom < mask[i] < top (everywhere if mask is null), else 0; in place. sum_e[c] += e,
// sum_ex[c] += e * x_hat; returns max |e|.
struct NormBackwardSums {
  int16_t* e;
  int align;            // >= -15
  const uint8_t* mask;  // the layer's output, s8 if bottom < 0; or null
  const int8_t* x_hat;
  int64_t rows;
  int channels;
  int64_t* sum_e;
  int64_t* sum_ex;
  int top = 255, bottom = 0;  // what saturated values of the mask are
};
int32_t batch_norm_backward_sums_reference(const NormBackwardSums& p);

// v[i] = k e + b (256 x_hat) + a: max |v|, or dst[i] = v / 2^shift as by ErrorQuantize, one sample.
struct NormBackward {
  const int16_t* e;
  const int8_t* x_hat;
  int64_t rows;
  int channels;
  const int32_t* k;
  const int32_t* b;
  const int32_t* a;
  int shift;    // 0..24, with narrower E2 to 29; not read by max
  int8_t* dst;  // not read by max
  const ErrorRandom* random = nullptr;
  int64_t first = 0;  // element of the sample that e[0] is, for random
  ErrorPlane plane = {};
};
constexpr int64_t batch_norm_backward_value(const NormBackward& p, int64_t i) {
  const int64_t c = i % p.channels;
  return int64_t{p.k[c]} * p.e[i] + int64_t{p.b[c]} * (256 * p.x_hat[i]) + p.a[c];
}
uint32_t batch_norm_backward_max_reference(const NormBackward& p);
void batch_norm_backward_quantize_reference(const NormBackward& p);

// What is below the norm, one image, in s16: v of `norm` (its shift, dst and random are not read), and what another consumer has left:
//   dst[i] = clamp(scale_pow2(v[i], -v_shift) + scale_pow2(addend[i], -addend_shift), +-32767)
// Returns max |dst|. The shifts are those of error_scale for the true maxima, so each operand ends within 2^15. addend may be null, or dst.
struct NormBackwardAdd {
  NormBackward norm;
  const int16_t* addend;
  int v_shift, addend_shift;  // at least -15
  int16_t* dst;
};
int32_t batch_norm_backward_add_reference(const NormBackwardAdd& p);

}  // namespace intrain::ops
