// How the data of a training are read, from its settings: the same images again for a run that goes on and for what is asked of its net.
#pragma once

#include <optional>
#include <string>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "data/loader.h"
#include "data/source.h"
#include "settings/config.h"

namespace intrain {

// For load_data(config.data): a training, or one that goes on. Throws Error where a setting does not go with the data.
INTRAIN_API LoadOptions training_options(const TrainConfig& config);

// What a training sees of its images: LoaderOptions but for first_step, rank and ranks. mirror: DataSplits::mirror.
INTRAIN_API LoaderOptions training_loader(const TrainConfig& config, bool mirror);

// For load_data(spec), to evaluate the checkpoint's net: its classes by their names, its images' side. On other data than it was trained on
// (same_data) val_share splits nothing off unless a split is asked for by name: a folder of classes is then evaluated whole.
INTRAIN_API LoadOptions evaluation_options(const CheckpointInfo& info, const std::string& spec, std::optional<Split> split = {});

}  // namespace intrain
