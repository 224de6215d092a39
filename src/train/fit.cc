#include "train/fit.h"

#include <fmt/format.h>

#include "core/error.h"
#include "data/check_dataset.h"
#include "settings/crop.h"
#include "train/data_options.h"
#include "train/test_logits.h"

namespace intrain {

void check_images(const Dataset& set, const std::string& what) {
  const auto refuse = [&](const std::string& problem) {
    throw Error("the " + what + " " + problem, Setting{"data"}, "data/dataset.h says what a Dataset holds");
  };
  check_dataset(set);
  const auto count = static_cast<size_t>(set.count);
  if (set.files.empty() ? set.images.size() != count * static_cast<size_t>(set.image_size()) : set.files.size() != count)
    refuse(fmt::format("are {} by their number, but others by their pixels or files", set.count));
  if (set.labels.size() != count) refuse(fmt::format("have {} labels, but are {}", set.labels.size(), set.count));
  for (const uint16_t label : set.labels)
    if (label >= set.classes) refuse(fmt::format("have the label {}, but there are {} classes", label, set.classes));
}

void check_fit(const TrainConfig& config, const Dataset& train) {
  if (config.batch > train.count)
    throw Error(
        "a batch of " + std::to_string(config.batch) + " is more than the " + std::to_string(train.count) + " training images",
        Setting{"batch"}, "choose a smaller batch");
  if (train.count / config.batch < config.accumulate)
    throw Error(
        fmt::format("{} batches of {} are more than the {} training images", config.accumulate, config.batch, train.count),
        Setting{"accumulate"}, "choose fewer or smaller batches");
  if (train.count / config.batch > INT32_MAX / int64_t{config.epochs})
    throw Error("more than 2^31 steps", Setting{"epochs"}, "choose fewer epochs");
}

void check_augmentation_of(const TrainConfig& config, const Dataset& train, bool mirror) {
  if (config.augment == "standard") check_augmentation(train, training_loader(config, mirror));
  check_mirror(config.mirror == "alternate", mirror, "mirror", "leave out `mirror`");
  check_views(views_of(config), mirror, train.h, train.w, "leave out `test_mirror`");
}

void check_crop(const TrainConfig& config, const Dataset& set) {
  if (!set.files.empty() && set.crop_q16 != crop_of(config))
    throw Error("the photos were loaded with another crop than that of the configuration", Setting{"crop"},
                "load them with the option crop_q16 = crop_of(config)");
}

void check_position(const TrainConfig& config, const Dataset& train, const Checkpoint& from) {
  const int64_t per_epoch = train.count / config.batch / config.accumulate, step = from.info.step, epoch = from.info.epoch;
  if (epoch > config.epochs || step < epoch * per_epoch || step > (epoch + 1) * per_epoch)
    throw Error(fmt::format("the checkpoint is at step {}, outside epoch {} of {}", step, epoch + 1, config.epochs), from.path,
                "the checkpoint is of another run: give the folder as the run left it");
}

void refuse_data(const std::string& what, const std::string& spec) {
  throw Error(what, Setting{"data", spec}, "give the data that the run began with; `data` says where it is now");
}

}  // namespace intrain
