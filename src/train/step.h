// One training step. Read step.cc first: it is the whole of training on one screen.
#pragma once

#include <cstdint>

#include "core/batch.h"
#include "nn/net.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain {

// Forward, loss gradient, backward, sums over ranks, update. After it net.logits() still holds the batch's logits.
void train_step(Net& net, const Batch& batch, const ops::SgdStep& step);

}  // namespace intrain
