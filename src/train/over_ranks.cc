#include "train/over_ranks.h"

#include <algorithm>
#include <climits>
#include <exception>
#include <string>

#include "core/error.h"
#include "core/hash.h"
#include "core/rank_agreement.h"
#include "settings/setting_list.h"

namespace intrain {

bool on_any(Reducer& reducer, bool here) {
  int64_t any = here ? 1 : 0;
  reducer.max(&any, 1);
  return any != 0;
}

void fail_together(Reducer& reducer, const std::exception_ptr& failure, const std::string& what) {
  int64_t failed = failure ? reducer.rank() : -1;
  reducer.max(&failed, 1);
  if (failure) std::rethrow_exception(failure);
  if (failed >= 0) throw ToldElsewhere(reducer.name_of(static_cast<int>(failed)) + " " + what, "", "its own message says why");
}

namespace {

uint64_t hash_of(const std::vector<uint8_t>& bytes) { return hash64(bytes.data(), bytes.size()); }

}  // namespace

void check_same_start(Reducer& reducer, const CheckpointInfo& info, uint64_t state) {
  if (reducer.ranks() == 1) return;
  CheckpointInfo settings;
  settings.model = info.model;
  settings.config = info.config;
  // What may differ by machine; the data by what they hold.
  const TrainConfig free;
  copy_settings(free, settings.config, [](const SettingInfo& setting) {
    return (setting.traits & kOfTheMachine) != 0 || setting.key == "data" || setting.key == "keep";
  });
  check_same(reducer, "the settings", hash_of(checkpoint_bytes(settings, {})), "give all ranks the same flags and files");
  check_same_data(reducer, info);
  check_same(reducer, "the states of the net", state, "let all ranks begin with the same checkpoint");
}

void check_same_data(Reducer& reducer, const CheckpointInfo& info) {
  if (reducer.ranks() == 1) return;
  CheckpointInfo data;
  data.h = info.h;
  data.w = info.w;
  data.c = info.c;
  data.classes = info.classes;
  data.class_names = info.class_names;
  data.data = info.data;
  data.train_count = info.train_count;
  data.test_count = info.test_count;
  data.normalization = info.normalization;
  check_same(reducer, "the data", hash_of(checkpoint_bytes(data, {})), "give all ranks the same images, in the same order");
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
  fail_together(reducer, failure, "could not load its images");
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

void WholeBatch::gather(const Batch& batch, const int32_t* logits, int logits_exp) {
  count_ = batch.whole();
  logits_ = logits;
  logits_exp_ = logits_exp;
  labels_ = batch.labels.data();
  Reducer& reducer = net_.runtime().reducer();
  if (reducer.ranks() == 1) return;
  // Each is 0 but on one rank, so that their sum is all of them.
  const int64_t classes = net_.classes(), all_logits = count_ * classes;
  all_.assign(static_cast<size_t>(all_logits + count_), 0);
  std::copy_n(logits_, batch.count * classes, all_.begin() + batch.first * classes);
  std::copy_n(labels_, batch.count, all_.begin() + all_logits + batch.first);
  reducer.sum(all_.data(), all_logits + count_);
  // A rank without an image has computed none.
  int64_t exp = batch.count > 0 ? logits_exp_ : INT_MIN;
  reducer.max(&exp, 1);
  logits_exp_ = static_cast<int>(exp);
  logits_ = all_.data();
  labels_ = all_.data() + all_logits;
}

}  // namespace intrain
