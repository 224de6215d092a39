#include "base/assert.h"
#include "base/formats.h"
#include "ops/sgd_momentum/update.h"

namespace intrain::ops {

SgdStep sgd_step_of(const SgdStep& step, ParameterRole role) {
  INTRAIN_ASSERT(0 <= step.bias_rate_log2 && step.bias_rate_log2 <= kMostBiasRateLog2);
  SgdStep own = step;
  if (step.decay_weights && role != ParameterRole::kWeight) own.decay = {};
  if (role == ParameterRole::kBias) own.rate.exp += step.bias_rate_log2;
  return own;
}

SgdPass sgd_pass(const SgdTensor& tensor, const SgdStep& step, uint64_t grad_max) {
  INTRAIN_ASSERT(!step.nesterov || step.mom.exp <= kNesterovMomExp || step.mom.mantissa == 0);
  return {tensor, step, sgd_scale(tensor, step, grad_max), 0, 0, tensor.count};
}

WageubnPass wageubn_pass(const SgdTensor& tensor, const SgdStep& step, bool weight, uint64_t grad_max) {
  INTRAIN_ASSERT(step.momentum_bits + 1 - step.rate.exp <= -kMasterExp - step.coarse);
  SgdStep own = step;
  if (!weight) own.decay = {};
  return {tensor, own, weight, wageubn_exp(tensor, own, grad_max), 0, 0, tensor.count};
}

int sgd_reference(const SgdTensor& tensor, const SgdStep& step, ParameterRole role) {
  const uint64_t grad_max = sgd_grad_max_reference({tensor.grad, 0, tensor.count});
  if (takes_wageubn(step)) {
    WageubnPass pass = wageubn_pass(tensor, step, role == ParameterRole::kWeight, grad_max);
    pass.range = wageubn_range(sgd_wageubn_max_reference(pass));
    sgd_wageubn_update_reference(pass);
    return wageubn_momentum_exp(step);
  }
  SgdPass pass = sgd_pass(tensor, sgd_step_of(step, role), grad_max);
  pass.shift = sgd_shift(pass, sgd_max_reference(pass));
  sgd_update_reference(pass);
  return sgd_momentum_exp(pass);
}

}  // namespace intrain::ops
