#include "analysis/mistakes.h"

#include <algorithm>

#include "core/check.h"

namespace intrain {

std::vector<Mistake> worst_mistakes(const Evaluation& result, const std::vector<uint16_t>& labels, size_t count) {
  CHECK_EQ(labels.size(), result.predicted.size());
  std::vector<Mistake> all;
  for (size_t i = 0; i < labels.size(); ++i)
    if (result.predicted[i] != labels[i])
      all.push_back({i, labels[i], result.predicted[i], result.losses[i], result.probabilities[i]});
  std::stable_sort(all.begin(), all.end(), [](const Mistake& a, const Mistake& b) { return a.loss > b.loss; });
  all.resize(std::min(all.size(), count));
  return all;
}

}  // namespace intrain
