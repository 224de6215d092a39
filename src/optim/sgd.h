// The optimizers of ops/sgd_momentum/ over the threads.
#pragma once

#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// Reads the gradient, updates momentum, unless the parameter keeps none, master and master_max. The gradient must be summed over ranks.
// Which optimizer: step.range_log2. Throws Error for a step with numbers that base/sgd_step.h does not allow, or that needs a momentum where
// there is none.
void sgd_update(Parameter& parameter, const SgdStep& step, const ops::Kernels& kernels, ThreadPool& pool);

}  // namespace intrain
