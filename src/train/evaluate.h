// The test set through a net, with running statistics and without augmentation but for the views that are asked for.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/api.h"
#include "data/loader.h"
#include "nn/net.h"
#include "train/metrics.h"
#include "train/test_logits.h"

namespace intrain {

struct Evaluation {
  Metrics metrics;
  // Of each image:
  std::vector<int32_t> predicted;     // the class of the largest logit, of equal ones the first
  std::vector<double> probabilities;  // of that class, 0 .. 1
  std::vector<double> losses;         // -log softmax[label], natural logarithm
  uint64_t logits_hash = 0;           // XXH3-64 of all logits: the evaluation's share of `intrain verify`
  TestViews views;                    // of each image, whose mean counts
};

// One epoch of `loader` (training = false, and the ranks of the net's runtime), which must stand at an epoch's start. The net must be prepared
// for the loader's batch. The result does not depend on the size of the batches, nor on the number of ranks: ranks evaluate their slices, and each
// has the whole result. Once *stop is not 0 it returns with what it has seen until then.
// progress, if there is one, is called after each batch with how many are done, and of how many. views: the logits are those of TestLogits.
INTRAIN_API Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop = nullptr,
                                const std::function<void(int64_t done, int64_t total)>& progress = {},
                                const TestViews& views = {});

}  // namespace intrain
