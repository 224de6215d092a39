// What a training decides and counts over all ranks, so that each goes the same way. With one process none of it does anything.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/batch.h"
#include "core/reducer.h"
#include "data/loader.h"
#include "nn/net.h"
#include "train/metrics.h"
#include "train/tensor_numbers.h"

namespace intrain {

// Whether it is so on any rank.
bool on_any(Reducer& reducer, bool here);

// What failed on a rank, or null, makes all throw: there the same, and on the others ToldElsewhere, which says of that rank `what`.
void fail_together(Reducer& reducer, const std::exception_ptr& failure, const std::string& what);

// Throws Error, naming ranks, unless all have the same data in hand; info: of those (make_info).
void check_same_data(Reducer& reducer, const CheckpointInfo& info);

// Before the first step: throws Error, naming ranks, unless all compute with the same net, of the same state, in the same way, on the same data.
// info: of the settings, and of the data in hand (make_info), not of those that a checkpoint knows.
void check_same_start(Reducer& reducer, const CheckpointInfo& info, uint64_t state);

// The loader's next batch. Throws what loading it threw, and Error on the other ranks then: none goes on alone.
const Batch& next_on_all(Loader& loader, Reducer& reducer);

// Sums over the images of all ranks.
void add_up(Reducer& reducer, Metrics& metrics);

// The same for tensors whose images the ranks share; weights and gradients are whole on each.
void add_up(Reducer& reducer, std::vector<LayerNumbers>& layers);

// A batch that was evaluated, whole on each rank: its logits, their exponent and labels.
class WholeBatch {
 public:
  explicit WholeBatch(Net& net) : net_(net) {}
  // From this rank's logits [batch.count][classes]; `batch` is its slice, of no image or more.
  void gather(const Batch& batch, const int32_t* logits, int logits_exp);
  int count() const { return count_; }
  const int32_t* logits() const { return logits_; }  // [count][classes]
  int logits_exp() const { return logits_exp_; }
  const int32_t* labels() const { return labels_; }

 private:
  Net& net_;
  int count_ = 0, logits_exp_ = 0;
  const int32_t *logits_ = nullptr, *labels_ = nullptr;
  std::vector<int32_t> all_;  // of several ranks: the logits, then the labels
};

}  // namespace intrain
