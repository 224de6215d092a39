// One training step. Read step.cc first: it is the whole of training on one screen.
#pragma once

#include <cstdint>
#include <vector>

#include "base/api.h"
#include "base/sgd_step.h"
#include "core/batch.h"
#include "nn/net.h"
#include "optim/gradient_sum.h"

namespace intrain {

// Forward, loss gradient, backward, sums over ranks, update. After it net.logits() still holds the batch's logits.
INTRAIN_API void train_step(Net& net, const Batch& batch, const SgdStep& step);

// The same over several batches that do not fit in memory together. The gradient is that of their mean loss; batch norm takes the statistics
// of each batch by itself.
class INTRAIN_API AccumulatedStep {
 public:
  // The net must outlive it. Takes all memory at the first step. Throws Error for numbers that Net::set_batches_per_step does not take.
  AccumulatedStep(Net& net, int batches);
  // One batch, forward and backward: its gradients are added. number: of the batch among all of the training, for the random bits.
  void add(const Batch& batch, uint64_t seed, uint32_t number);
  // Forgets the batches added, of a step that is begun again.
  void clear();
  // After as many batches, else Error: the update.
  void update(const SgdStep& step);

 private:
  Net& net_;
  std::vector<GradientSum> sums_;  // by the number of the parameter
  const int batches_;              // of a step
  int added_ = 0;                  // since the last update
};

}  // namespace intrain
