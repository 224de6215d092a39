// The net of a checkpoint, ready to run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "nn/net.h"

namespace intrain {

// read_checkpoint, for a net of models/models.h: refused before memory is taken for its arrays unless they are those of its net.
INTRAIN_API Checkpoint read_trained(const std::string& path);

struct INTRAIN_API TrainedNet {
  Net net;

  // For batches of up to max_batch images, with the average of the weights where the checkpoint has one; `training`: with a backward pass, of the
  // configured loss and frozen parameters, and the weights as its training would go on from. Throws Error if
  // the checkpoint's model is unknown or does not fit its arrays, or for more threads than there are to be had.
  TrainedNet(const Checkpoint& checkpoint, int max_batch, bool training, int threads);
  // With a runtime of the caller's.
  TrainedNet(const Checkpoint& checkpoint, int max_batch, bool training, std::shared_ptr<Runtime> runtime);
};

// Before Net::prepare(): marks the parameters that config.freeze names and the filters that config.whiten means, and says which statistics batch
// norm takes. Throws Error if a pattern names none, or all are frozen.
INTRAIN_API void freeze(const TrainConfig& config, Net& net);
// As the configuration says, to 2^-30.
INTRAIN_API void set_label_smoothing(const TrainConfig& config, Net& net);

// That of the checkpoint. Throws Error if it is for more than kMaxChannels channels.
INTRAIN_API Normalization normalization_of(const Checkpoint& checkpoint);

// The pixels' scaling that the configuration says: by its mean and deviation, or the training images'. Throws Error if there are not as many
// means as channels.
INTRAIN_API Normalization normalization_of(const TrainConfig& config, const Dataset& train);

// Of a training that has done no step.
INTRAIN_API CheckpointInfo make_info(const TrainConfig& config, const DataSplits& data, const Normalization& norm);

// The name of each class; of those that the checkpoint has no name for, the number.
INTRAIN_API std::vector<std::string> class_labels(const CheckpointInfo& info);

}  // namespace intrain
