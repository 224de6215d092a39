// The optimizer: ops/sgd_momentum over the threads.
#pragma once

#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// Reads the gradient (which it overwrites), updates momentum and master. The gradient must be summed over ranks.
void sgd_update(Parameter& parameter, const ops::SgdStep& step, const ops::Kernels& kernels, ThreadPool& pool);

}  // namespace intrain
