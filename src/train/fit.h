// Whether a configuration, its data and the run that goes on fit each other. All throw Error if not.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "data/dataset.h"
#include "settings/config.h"

namespace intrain {

// The set is one (data/check_dataset.h), and holds exactly as many images, and labels of classes that there are, as it says.
void check_images(const Dataset& set, const std::string& what);
// There are images for a step.
void check_fit(const TrainConfig& config, const Dataset& train);
// The images can be augmented, and evaluated, as the configuration says. mirror: DataSplits::mirror.
void check_augmentation_of(const TrainConfig& config, const Dataset& train, bool mirror);
// Photos show the window that the configuration says.
void check_crop(const TrainConfig& config, const Dataset& set);
// The checkpoint's step lies in its epoch.
void check_position(const TrainConfig& config, const Dataset& train, const Checkpoint& from);
// Of the data `spec` for a run that goes on.
[[noreturn]] void refuse_data(const std::string& what, const std::string& spec);

}  // namespace intrain
