#include "train/evaluate.h"

#include <algorithm>

#include "io/hash.h"

namespace intrain {

Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop) {
  Evaluation result{};
  Hash64 hash;
  for (int64_t step = 0; step < loader.steps_per_epoch() && (stop == nullptr || *stop == 0); ++step) {
    const Batch& batch = loader.next();
    net.evaluate(batch);
    // One by one: the sum of the losses is then the same for batches of any size.
    for (int i = 0; i < batch.count; ++i) {
      const int32_t* row = net.logits() + int64_t{i} * net.classes();
      result.metrics += measure(row, net.logits_exp(), 1, net.classes(), &batch.labels[static_cast<size_t>(i)]);
      result.predicted.push_back(static_cast<int32_t>(std::max_element(row, row + net.classes()) - row));
    }
    hash.add(net.logits(), sizeof(int32_t) * static_cast<size_t>(batch.count) * static_cast<size_t>(net.classes()));
  }
  result.logits_hash = hash.digest();
  return result;
}

}  // namespace intrain
