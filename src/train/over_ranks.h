// What a training decides and counts over all ranks, so that each goes the same way. With one process none of it does anything.
#pragma once

#include <cstdint>
#include <vector>

#include "core/batch.h"
#include "core/reducer.h"
#include "data/loader.h"
#include "nn/net.h"
#include "train/metrics.h"
#include "train/tensor_numbers.h"

namespace intrain {

// Whether it is so on any rank.
bool on_any(Reducer& reducer, bool here);

// The loader's next batch. Throws what loading it threw, and Error on the other ranks then: none goes on alone.
const Batch& next_on_all(Loader& loader, Reducer& reducer);

// Sums over the images of all ranks.
void add_up(Reducer& reducer, Metrics& metrics);

// The same for tensors whose images the ranks share; weights and gradients are whole on each.
void add_up(Reducer& reducer, std::vector<LayerNumbers>& layers);

// A batch that was evaluated, whole on each rank: its logits and labels.
class WholeBatch {
 public:
  explicit WholeBatch(Net& net) : net_(net) {}
  // From the net's logits; `batch` is this rank's slice, of no image or more.
  void gather(const Batch& batch);
  int count() const { return count_; }
  const int32_t* logits() const { return logits_; }  // [count][classes]
  const int32_t* labels() const { return labels_; }

 private:
  Net& net_;
  int count_ = 0;
  const int32_t *logits_ = nullptr, *labels_ = nullptr;
  std::vector<int32_t> all_;  // of several ranks: the logits, then the labels
};

}  // namespace intrain
