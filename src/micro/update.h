// The optimizer, as ops/sgd_momentum/sgd_momentum.h defines it and to the bit the same: random bits are drawn only where a number is cut, a block
// for the four elements that share it, and what fits is computed in 32 bits.
#pragma once

#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain::micro {

// As sgd_reference, of SGD with momentum or none (SgdStep::range_log2 = 0; nearest_grad, nesterov and decay_weights false,
// bias_rate_log2 0).
// tensor.grad is not read: the exact sums g are `wide` or, where that is null, lie in `scratch`, which is written over: an s32 an element. Returns
// the exponent of the new momentum.
int update_parameters(const ops::SgdTensor& tensor, const SgdStep& step, const int64_t* wide, int32_t* scratch);

}  // namespace intrain::micro
