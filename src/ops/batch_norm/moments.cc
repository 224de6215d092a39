// Per-channel arithmetic of batch normalization: a few integer divisions a channel.
#include "base/assert.h"
#include "base/formats.h"
#include "ops/batch_norm/batch_norm.h"

namespace intrain::ops {

Moments batch_norm_moments(int64_t s1, int64_t s2, int64_t n) {
  INTRAIN_ASSERT(0 < n && n <= int64_t{1} << kMaxCountLog2);
  const int64_t q = div_floor(s1, n), r = s1 - q * n;
  const int64_t d2 = s2 - q * (s1 + r);
  const int64_t f = (r << 16) / n;
  const int64_t var = div_fraction(d2, n, 16) - ((f * f) >> 16);
  return {q * 65536 + f, var < 0 ? 0 : var};
}

int64_t moment_around(const Moments& m, int64_t center_q16) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1;
  // Before the difference, which could overflow. |mean| <= 2^31.
  const int64_t center = clamp(center_q16, -(int64_t{1} << 33), int64_t{1} << 33);
  const int64_t d = clamp(m.mean_q16 - center, -kMost, kMost);
  return m.var_q16 + rshift_round(d * d, 16);
}

uint32_t batch_norm_sigma(int64_t var_q16, int e_y) {
  const int64_t log2 = clamp(kEpsilonLog2 + 16 - 2 * e_y, 0, 44);
  const int64_t var = clamp(var_q16, 0, (int64_t{1} << 46) - 1) + (int64_t{1} << log2);
  const uint32_t sigma = isqrt(static_cast<uint64_t>(var) << 16);
  return sigma < kLeastSigma ? kLeastSigma : sigma;
}

Affine batch_norm_affine(int64_t mean_q16, uint32_t sigma_q16) {
  const int length = bit_length(sigma_q16);
  const int64_t mult = div_round(int64_t{1} << (13 + length), sigma_q16);
  const int64_t mean = clamp(mean_q16, -(int64_t{1} << 31), int64_t{1} << 31);
  return {static_cast<int32_t>(mult), static_cast<int32_t>(-rshift_round(mean * mult, 16)), length - 7};
}

int64_t running_update(int64_t running, int64_t moment_q16, int exponent) {
  const int64_t fresh = clamp(scale_pow2(moment_q16, exponent - 16 - kRunningExp), -kRunningMost, kRunningMost);
  return running + rshift_round((fresh - running) * kRunningMomentum, 10);
}

Moments running_moments(int64_t running_mean, int64_t running_var, int e_y) {
  return {scale_pow2(running_mean, kRunningExp + 16 - e_y), scale_pow2(running_var, kRunningExp + 16 - 2 * e_y)};
}

int64_t batch_norm_kappa(int gamma, int staging_shift, uint32_t sigma_q16) {
  INTRAIN_ASSERT(staging_shift <= 48);
  return div_round(gamma * (int64_t{1} << (48 - staging_shift)), sigma_q16);
}

BackwardCoefficients batch_norm_coefficients(int64_t kappa, int t, int64_t sum_e, int64_t sum_ex, int64_t n) {
  INTRAIN_ASSERT(0 < n && n <= int64_t{1} << kMaxCountLog2);
  const int64_t k = quantize(kappa, t, 12);
  const int64_t a = -div_round(k * sum_e, n);
  const int64_t b = clamp(-div_round(k * sum_ex, n << 16), -kS16Max, kS16Max);
  return {static_cast<int32_t>(k), static_cast<int32_t>(b), static_cast<int32_t>(a)};
}

}  // namespace intrain::ops
