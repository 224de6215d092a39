// The test set through a net, with running statistics and without augmentation.
#pragma once

#include <atomic>
#include <vector>

#include "data/loader.h"
#include "nn/net.h"
#include "train/metrics.h"

namespace intrain {

struct Evaluation {
  Metrics metrics;
  std::vector<int32_t> predicted;  // the class of the largest logit for each image, of equal ones the first
  uint64_t logits_hash;            // XXH3-64 of all logits: the evaluation's share of `intrain verify`
};

// One epoch of `loader` (training = false), which must stand at an epoch's start. The net must be prepared for the loader's
// batch. The result does not depend on the size of the batches. Once *stop is not 0 it returns with what it has seen until then.
Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop = nullptr);

}  // namespace intrain
