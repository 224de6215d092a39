#include "ops/batch_norm/channels.h"

#include "base/rounding.h"

namespace intrain::ops {
namespace {

void set_map(const NormInput& in, int c, const Moments& m, const Widths& widths, const NormGrid& grid, const NormMaps& maps) {
  // At most 2^31 sqrt(1.25), so below 2^32 to any number of bits.
  maps.sigma[c] = static_cast<uint32_t>(round_significant(batch_norm_sigma(m.var_q16, in.exp_of(c)), widths.sigma));
  const Affine affine = batch_norm_affine(round_significant(m.mean_q16, widths.mu), maps.sigma[c]);
  maps.mult[c] = affine.mult;
  maps.offset[c] = affine.offset;
  maps.shift[c] = affine.shift + grid.shift;
}

}  // namespace

void running_reset(int channels, int64_t* running_mean, int64_t* running_var) {
  for (int c = 0; c < channels; ++c) {
    running_mean[c] = 0;
    running_var[c] = int64_t{1} << -kRunningExp;
  }
}

void batch_norm_statistics(const NormInput& in, const int64_t* sums, int64_t n, const Widths& widths, const NormGrid& grid,
                           int64_t* running_mean, int64_t* running_var, const NormMaps& maps) {
  for (int c = 0; c < in.channels; ++c) {
    const Moments m = batch_norm_moments(sums[c], sums[in.channels + c], n);
    set_map(in, c, m, widths, grid, maps);
    running_mean[c] = running_update(running_mean[c], m.mean_q16, in.exp_of(c));
    running_var[c] = running_update(running_var[c], m.var_q16, 2 * in.exp_of(c));
  }
}

void batch_norm_update_running(const NormInput& in, const int64_t* sums, int64_t n, int64_t* running_mean, int64_t* running_var) {
  for (int c = 0; c < in.channels; ++c) {
    const int e = in.exp_of(c);
    const Moments m = batch_norm_moments(sums[c], sums[in.channels + c], n);
    const int64_t var = moment_around(m, running_moments(running_mean[c], running_var[c], e).mean_q16);
    running_mean[c] = running_update(running_mean[c], m.mean_q16, e);
    running_var[c] = running_update(running_var[c], var, 2 * e);
  }
}

void batch_norm_fold(const NormInput& in, const int64_t* running_mean, const int64_t* running_var, const Widths& widths,
                     const NormGrid& grid, const NormMaps& maps) {
  for (int c = 0; c < in.channels; ++c)
    set_map(in, c, running_moments(running_mean[c], running_var[c], in.exp_of(c)), widths, grid, maps);
}

int batch_norm_backward_channels(const NormInput& in, const int8_t* gamma, const uint32_t* sigma, const int64_t* sums, int64_t n,
                                 bool constants, int e, int32_t* k, int32_t* b, int32_t* a) {
  // Twice, rather than in memory of their own.
  const auto kappa = [&](int c) { return batch_norm_kappa(gamma[c], in.shift_of(c), sigma[c]); };
  uint64_t kappa_max = 0;
  for (int c = 0; c < in.channels; ++c)
    if (magnitude(kappa(c)) > kappa_max) kappa_max = magnitude(kappa(c));
  const int t = quantize_shift(kappa_max, 12);
  for (int c = 0; c < in.channels; ++c) {
    const BackwardCoefficients v = batch_norm_coefficients(kappa(c), t, sums[c], sums[in.channels + c], n);
    k[c] = v.k;
    b[c] = constants ? 0 : v.b;
    a[c] = constants ? 0 : v.a;
  }
  return batch_norm_diff_exp(e, t, in.exp);
}

}  // namespace intrain::ops
