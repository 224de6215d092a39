#include "train/evaluate.h"

#include "core/hash.h"

namespace intrain {

Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop,
                    const std::function<void(int64_t done, int64_t total)>& progress) {
  Evaluation result{};
  Hash64 hash;
  for (int64_t step = 0; step < loader.steps_per_epoch() && (stop == nullptr || *stop == 0); ++step) {
    const Batch& batch = loader.next();
    net.evaluate(batch);
    for (int i = 0; i < batch.count; ++i) {
      const int32_t* row = net.logits() + int64_t{i} * net.classes();
      const Metrics one = measure(row, net.logits_exp(), 1, net.classes(), &batch.labels[static_cast<size_t>(i)]);
      const ClassScore first = top_classes(row, net.logits_exp(), net.classes(), 1)[0];
      result.metrics += one;
      result.predicted.push_back(first.label);
      result.probabilities.push_back(first.probability);
      result.losses.push_back(image_loss(row, net.logits_exp(), net.classes(), batch.labels[static_cast<size_t>(i)]));
    }
    hash.add(net.logits(), sizeof(int32_t) * static_cast<size_t>(batch.count) * static_cast<size_t>(net.classes()));
    if (progress) progress(step + 1, loader.steps_per_epoch());
  }
  result.logits_hash = hash.digest();
  return result;
}

}  // namespace intrain
