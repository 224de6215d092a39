// The optimizer over all parameters of a net: ops/sgd_momentum a tensor at a time.
#pragma once

#include <vector>

#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// Reads each Parameter::grad (which it overwrites), updates momentum and master. Gradients must be summed over ranks.
void sgd_update(const std::vector<Parameter*>& parameters, const ops::SgdStep& step, const ops::Kernels& kernels,
                ThreadPool& pool);

}  // namespace intrain
