#include "train/over_ranks.h"

#include <algorithm>
#include <exception>
#include <string>

#include "core/error.h"

namespace intrain {

bool on_any(Reducer& reducer, bool here) {
  int64_t any = here ? 1 : 0;
  reducer.max(&any, 1);
  return any != 0;
}

const Batch& next_on_all(Loader& loader, Reducer& reducer) {
  if (reducer.ranks() == 1) return loader.next();
  const Batch* batch = nullptr;
  std::exception_ptr failure;
  try {
    batch = &loader.next();
  } catch (...) {
    failure = std::current_exception();
  }
  int64_t failed = failure ? reducer.rank() : -1;
  reducer.max(&failed, 1);
  if (failure) std::rethrow_exception(failure);
  if (failed >= 0) throw Error("rank " + std::to_string(failed) + " could not load its images", "", "its own message says why");
  return *batch;
}

void add_up(Reducer& reducer, Metrics& metrics) {
  int64_t values[] = {metrics.count, metrics.hits, metrics.top5_hits, metrics.loss};
  reducer.sum(values, 4);
  metrics = {values[0], values[1], values[2], values[3]};
}

void add_up(Reducer& reducer, std::vector<LayerNumbers>& layers) {
  if (reducer.ranks() == 1) return;
  std::vector<int64_t> values;
  const auto each = [&](auto&& visit) {
    for (LayerNumbers& layer : layers)
      for (const TensorKind kind : {TensorKind::kA, TensorKind::kXHat, TensorKind::kE1, TensorKind::kE2, TensorKind::kStream}) {
        TensorNumbers& numbers = layer.tensor[static_cast<int>(kind)];
        for (int64_t* value : {&numbers.count, &numbers.zeros, &numbers.saturated}) visit(*value);
      }
  };
  each([&](int64_t value) { values.push_back(value); });
  reducer.sum(values.data(), static_cast<int64_t>(values.size()));
  size_t i = 0;
  each([&](int64_t& value) { value = values[i++]; });
}

void WholeBatch::gather(const Batch& batch) {
  count_ = batch.whole();
  logits_ = net_.logits();
  labels_ = batch.labels.data();
  Reducer& reducer = net_.runtime().reducer();
  if (reducer.ranks() == 1) return;
  // Each is 0 but on one rank, so that their sum is all of them.
  const int64_t classes = net_.classes(), logits = count_ * classes;
  all_.assign(static_cast<size_t>(logits + count_), 0);
  std::copy_n(logits_, batch.count * classes, all_.begin() + batch.first * classes);
  std::copy_n(labels_, batch.count, all_.begin() + logits + batch.first);
  reducer.sum(all_.data(), logits + count_);
  logits_ = all_.data();
  labels_ = all_.data() + logits;
}

}  // namespace intrain
