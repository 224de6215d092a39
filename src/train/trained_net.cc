#include "train/trained_net.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "data/normalization.h"
#include "models/models.h"
#include "train/data_fingerprint.h"
#include "train/whiten.h"

namespace intrain {

namespace {

Net build(const CheckpointInfo& info) { return build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes); }

}  // namespace

Checkpoint read_trained(const std::string& path) {
  return read_checkpoint(path, [](const Checkpoint& c) { check_state(c, c.info.model, build(c.info).state()); });
}

TrainedNet::TrainedNet(const Checkpoint& checkpoint, int max_batch, bool training, int threads)
    : TrainedNet(checkpoint, max_batch, training, std::make_shared<Runtime>(threads)) {}

TrainedNet::TrainedNet(const Checkpoint& checkpoint, int max_batch, bool training, std::shared_ptr<Runtime> runtime)
    : net(build(checkpoint.info)) {
  check_state(checkpoint, checkpoint.info.model, net.state());
  net.set_widths(checkpoint.info.config.widths);
  net.keep_momentum(checkpoint.info.config.optimizer != "plain");
  if (training) {
    freeze(checkpoint.info.config, net);
    net.recompute(checkpoint.info.config.recompute);
  }
  net.prepare(max_batch, training, std::move(runtime));
  (training ? restore_state : restore_for_use)(checkpoint, checkpoint.info.model, net.state());
  net.quantize_parameters();
  net.set_logit_shift(checkpoint.info.config.logit_shift);
  if (training) set_label_smoothing(checkpoint.info.config, net);
}

void freeze(const TrainConfig& config, Net& net) {
  net.set_statistics(config.freeze_statistics    ? Statistics::kFrozen
                     : config.running_statistics ? Statistics::kRunning
                                                 : Statistics::kBatch);
  for (const std::string& pattern : config.freeze) {
    int found = 0;
    for (Parameter* p : net.parameters())
      if (fnmatch(pattern.c_str(), p->name.c_str(), 0) == 0) {
        p->frozen = true;
        ++found;
      }
    if (found == 0)
      throw Error("'" + pattern + "' names no parameter of the net", Setting{"freeze"},
                  "parameters are called like " + net.parameters().front()->name + " and " + net.parameters().back()->name);
  }
  if (config.whiten) whitening_filters(net).frozen = true;
  if (std::all_of(net.parameters().begin(), net.parameters().end(), [](const Parameter* p) { return p->frozen; }))
    throw Error("all parameters are frozen", Setting{"freeze"}, "leave some to be trained");
}

void set_label_smoothing(const TrainConfig& config, Net& net) {
  constexpr int64_t kOne = int64_t{1} << 30;
  net.set_label_smoothing(std::min<int64_t>(kOne - 1, std::llrint(config.label_smoothing * kOne)));
}

Normalization normalization_of(const Checkpoint& checkpoint) {
  const CheckpointInfo& info = checkpoint.info;
  if (info.c > kMaxChannels)
    throw Error("the checkpoint is for images of " + std::to_string(info.c) + " channels", checkpoint.path,
                "images have at most " + std::to_string(kMaxChannels));
  Normalization norm = {};
  std::copy(info.normalization.begin(), info.normalization.end(), norm.table[0]);
  return norm;
}

Normalization normalization_of(const TrainConfig& config, const Dataset& train) {
  if (config.mean.empty()) return make_normalization(train);
  if (static_cast<int>(config.mean.size()) != train.c)
    throw Error(plural(static_cast<int64_t>(config.mean.size()), "mean") + " for images of " + plural(train.c, "channel"),
                Setting{"mean"}, "give one for each channel");
  const auto fixed = [](const std::vector<double>& shares) {
    std::vector<int64_t> values;
    for (const double share : shares) values.push_back(std::llrint(std::ldexp(share * 255, kNormalizationFraction)));
    return values;
  };
  return make_normalization(fixed(config.mean), fixed(config.deviation));
}

CheckpointInfo make_info(const TrainConfig& config, const DataSplits& data, const Normalization& norm) {
  CheckpointInfo info;
  info.model = config.model;
  info.h = data.train.h;
  info.w = data.train.w;
  info.c = data.train.c;
  info.classes = data.train.classes;
  info.class_names = data.class_names;
  info.config = config;
  info.test_count = data.test.count;
  info.train_count = data.train.count;
  info.data = fingerprint_of(data);
  info.normalization.assign(norm.table[0], norm.table[0] + int64_t{256} * data.train.c);
  return info;
}

std::vector<std::string> class_labels(const CheckpointInfo& info) {
  std::vector<std::string> labels = info.class_names;
  labels.resize(static_cast<size_t>(info.classes));
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i].empty()) labels[i] = std::to_string(i);
  return labels;
}

}  // namespace intrain
