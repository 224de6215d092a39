#include "base/random.h"
#include "base/rounding.h"
#include "ops/sgd_momentum/wageubn.h"

namespace intrain::ops {
namespace {

int64_t sum(const WageubnPass& pass, int64_t i) {
  const SgdTensor& p = pass.tensor;
  const Scalar10& decay = pass.step.decay;
  return scale_pow2(p.grad[i], p.grad_exp - pass.exp) +
         scale_pow2(int64_t{decay.mantissa} * p.master[i], kMasterExp + decay.exp - pass.exp);
}

}  // namespace

int wageubn_exp(const SgdTensor& p, const SgdStep& s, uint64_t grad_max) {
  int top = p.grad_exp + bit_length(grad_max);
  if (s.decay.mantissa != 0 && kMasterExp + s.decay.exp + 35 > top) top = kMasterExp + s.decay.exp + 35;
  return top - 61;
}

uint64_t sgd_wageubn_max_reference(const WageubnPass& pass) {
  uint64_t max = 0;
  for (int64_t i = pass.begin; i < pass.end; ++i)
    if (const uint64_t v = magnitude(sum(pass, i)); v > max) max = v;
  return max;
}

uint32_t sgd_wageubn_update_reference(const WageubnPass& pass) {
  const SgdTensor& p = pass.tensor;
  const SgdStep& s = pass.step;
  const RandomStream random{s.seed, RandomUse::kGradient, p.tensor, s.step};
  const int sum_bits = s.momentum_bits + kWageubnMomentumLog2;
  const int64_t sum_most = quantize_limit(sum_bits), most = wageubn_most(pass.weight, s.coarse);
  const int up = -kMasterExp - (sum_bits - 1) + s.rate.exp;  // from the grid of l u to that of the stored W
  uint64_t max = 0;
  for (int64_t i = pass.begin; i < pass.end; ++i) {
    const int64_t v = sum(pass, i);
    const int64_t n = pass.weight ? quantize_constant(v, pass.range, s.range_log2, random.bits(static_cast<uint64_t>(i)))
                                  : quantize_direct(v, -pass.exp, sum_bits);
    const int64_t u = clamp(int64_t{s.mom.mantissa} * p.momentum[i] + n, -sum_most, sum_most);
    p.momentum[i] = static_cast<int16_t>(quantize(u, kWageubnMomentumLog2, s.momentum_bits));
    p.master[i] = static_cast<int32_t>(clamp(p.master[i] - s.rate.mantissa * u * (int64_t{1} << up), -most, most));
    if (magnitude(p.master[i]) > max) max = magnitude(p.master[i]);
  }
  return static_cast<uint32_t>(max);
}

}  // namespace intrain::ops
