#include "train/evaluate.h"

#include "core/hash.h"
#include "train/over_ranks.h"

namespace intrain {

Evaluation evaluate(Net& net, Loader& loader, const std::atomic<int>* stop,
                    const std::function<void(int64_t done, int64_t total)>& progress, const TestViews& views) {
  Evaluation result{};
  result.views = views;
  Hash64 hash;
  Reducer& reducer = net.runtime().reducer();
  TestLogits logits(net, views);
  WholeBatch whole(net);
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    if (on_any(reducer, stop != nullptr && *stop != 0)) break;
    const Batch& batch = next_on_all(loader, reducer);
    if (batch.count > 0) logits.evaluate(batch);  // the last batch may be too small for all ranks
    whole.gather(batch, logits.logits(), logits.exp());
    for (int i = 0; i < whole.count(); ++i) {
      const int32_t* row = whole.logits() + int64_t{i} * net.classes();
      const Metrics one = measure(row, whole.logits_exp(), 1, net.classes(), whole.labels() + i);
      const ClassScore first = top_classes(row, whole.logits_exp(), net.classes(), 1)[0];
      result.metrics += one;
      result.predicted.push_back(first.label);
      result.probabilities.push_back(first.probability);
      result.losses.push_back(image_loss(row, whole.logits_exp(), net.classes(), whole.labels()[i]));
    }
    hash.add(whole.logits(), sizeof(int32_t) * static_cast<size_t>(whole.count()) * static_cast<size_t>(net.classes()));
    if (progress) progress(step + 1, loader.steps_per_epoch());
  }
  result.logits_hash = hash.digest();
  return result;
}

}  // namespace intrain
