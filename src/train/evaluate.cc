#include "train/evaluate.h"

#include "io/hash.h"

namespace intrain {

Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop) {
  Evaluation result{};
  Hash64 hash;
  for (int64_t step = 0; step < loader.steps_per_epoch() && (stop == nullptr || *stop == 0); ++step) {
    const Batch& batch = loader.next();
    net.evaluate(batch);
    result.metrics += measure(net.logits(), net.logits_exp(), batch.count, net.classes(), batch.labels.data());
    hash.add(net.logits(), sizeof(int32_t) * static_cast<size_t>(batch.count) * static_cast<size_t>(net.classes()));
  }
  result.logits_hash = hash.digest();
  return result;
}

}  // namespace intrain
