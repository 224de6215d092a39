#include "train/trained_net.h"

#include <algorithm>

#include "core/error.h"
#include "isa/isa.h"
#include "models/models.h"

namespace intrain {

namespace {

Net build(const CheckpointInfo& info) { return build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes); }

}  // namespace

TrainedNet::TrainedNet(const Checkpoint& checkpoint, int max_batch, bool training, int threads)
    : kernels(ops::make_kernels(select_isa())), pool(threads), net(build(checkpoint.info)) {
  net.set_widths(checkpoint.info.config.widths);
  net.prepare(max_batch, training, kernels, pool, reducer);
  restore_state(checkpoint, checkpoint.info.model, net.state());
  net.quantize_parameters();
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

std::vector<std::string> class_labels(const CheckpointInfo& info) {
  std::vector<std::string> labels = info.class_names;
  labels.resize(static_cast<size_t>(info.classes));
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels[i].empty()) labels[i] = std::to_string(i);
  return labels;
}

}  // namespace intrain
