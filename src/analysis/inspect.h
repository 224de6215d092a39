// What the numbers of a net look like: how they are distributed, how many are zero, how many lie at the end of their format.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/batch.h"
#include "data/dataset.h"
#include "nn/net.h"
#include "train/tensor_counts.h"

namespace intrain {

struct TensorStatistics : TensorNumbers {
  int64_t largest = 0;  // magnitude
  // By the upper 8 bits, floor(integer / 2^max(0, bits - 8)): -128 .. 127, or 0 .. 255 for A of a ReLU, at index value + 128.
  std::array<int64_t, 384> histogram = {};
  int shift = 0;                      // that power of two
  int64_t low_end = 0, high_end = 0;  // of the format, in these upper bits
};

struct LayerStatistics {
  std::string layer;
  TensorStatistics tensor[kTensorKinds];  // by TensorKind
};

// The tensors of one training step, forward and backward over as many batches as `next` is called for; nothing that is stored of the net
// changes but its running statistics. The net is prepared for training. first: number of the first batch among all of the training, for the
// random bits; of `step` the seed and what shapes G (show_gradient). Adds to `layers`, which is in the order of the net.
void inspect(Net& net, int batches, const std::function<const Batch&()>& next, const SgdStep& step, int64_t first,
             std::vector<LayerStatistics>& layers);

struct StepStatistics {
  std::vector<LayerStatistics> layers;  // in the order of the net
  int images;                           // looked at
};

// The same of the step with which the checkpoint's training goes on; of other images than those it trains on, or with batches of another size,
// of one batch where its epoch begins. `train`: images of the net's shape and classes; mirror: DataSplits::mirror. 1 <= batch <= train.count.
StepStatistics inspect_next_step(const Checkpoint& checkpoint, const Dataset& train, bool mirror, int batch, int threads);

}  // namespace intrain
