// A whole update by either optimizer: its passes (sgd_momentum.h, wageubn.h), and between them the scale of the tensor's true maxima. Whoever
// shares the elements among threads takes the functions one by one, each maximum over all of them; sgd_reference is the whole in order.
#pragma once

#include <cstdint>

#include "ops/sgd_momentum/sgd_momentum.h"
#include "ops/sgd_momentum/wageubn.h"

namespace intrain::ops {

constexpr bool takes_wageubn(const SgdStep& step) { return step.range_log2 > 0; }
// The step of a parameter: what decay_weights and bias_rate_log2 mean for it.
SgdStep sgd_step_of(const SgdStep& step, ParameterRole role);

// From max |g|, <= 2^62: all that sgd_rough and sgd_max read. From max |v|: t', which sgd_update reads, and which sgd_rough_shift may know
// without. Then the momentum has the exponent E + t'.
SgdPass sgd_pass(const SgdTensor& tensor, const SgdStep& step, uint64_t grad_max);
constexpr int sgd_shift(const SgdPass& pass, uint64_t v_max) { return quantize_shift(v_max, pass.step.momentum_bits); }
constexpr int sgd_momentum_exp(const SgdPass& pass) { return pass.scale.exp + pass.shift; }

// The same of WAGEUBN's, whose rate is no other for beta and biases; weight: W of a layer, which alone decays. l u must lie on the stored grid:
// a + 1 + f <= 24 - coarse.
WageubnPass wageubn_pass(const SgdTensor& tensor, const SgdStep& step, bool weight, uint64_t grad_max);
constexpr int wageubn_range(uint64_t v_max) { return nearest_log2(v_max); }
constexpr int wageubn_momentum_exp(const SgdStep& step) { return 1 - step.momentum_bits; }

// Returns the exponent of the new momentum.
int sgd_reference(const SgdTensor& tensor, const SgdStep& step, ParameterRole role);

}  // namespace intrain::ops
