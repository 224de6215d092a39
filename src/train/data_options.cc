#include "train/data_options.h"

#include <cmath>

#include "core/error.h"
#include "data/validation_share.h"
#include "settings/crop.h"
#include "settings/shift.h"

namespace intrain {

namespace {

LoadOptions options_of(const TrainConfig& config) {
  LoadOptions options;
  options.threads = config.threads;
  options.val_share = std::llround(std::ldexp(config.val_share, kShareBits));
  options.transpose = config.transpose;
  options.crop_q16 = crop_of(config);
  return options;
}

Mirror mirror_of(const TrainConfig& config) {
  if (config.mirror == "none") return Mirror::kNone;
  return config.mirror == "alternate" ? Mirror::kAlternate : Mirror::kRandom;
}

Border border_of(const TrainConfig& config) {
  if (config.border == "reflect") return Border::kReflect;
  return config.border == "black" ? Border::kBlack : Border::kMean;
}

// To 2^-8: brightness, contrast, saturation, or one share for all.
ColorJitter color_jitter_of(const std::vector<double>& shares) {
  if (shares.empty()) return {};
  const auto range = [&](size_t i) { return static_cast<int>(std::lround(256 * shares[shares.size() == 1 ? 0 : i])); };
  return {range(0), range(1), range(2)};
}

// Alpha in tenths.
int mixup_of(const TrainConfig& config) {
  return config.mixup == "none" ? 0 : static_cast<int>(std::lround(10 * std::stod(config.mixup)));
}

}  // namespace

LoadOptions training_options(const TrainConfig& config) {
  if (config.transpose && !is_idx_data(config.data))
    throw Error("'" + data_name(config.data) + "' has no images to transpose", Setting{"transpose"},
                "it is for IDX files: mnist:DIR");
  return options_of(config);
}

LoaderOptions training_loader(const TrainConfig& config, bool mirror) {
  return {.batch = config.batch,
          .training = true,
          .mirror = mirror ? mirror_of(config) : Mirror::kNone,
          .seed = config.seed,
          .threads = config.threads,
          .augment = config.augment == "standard",
          .balance = config.balance,
          .border = border_of(config),
          .shift = shift_of(config).value_or(kAutoShift),
          .cutout = config.cutout,
          .color_jitter = color_jitter_of(config.color_jitter),
          .mixup = mixup_of(config)};
}

LoadOptions evaluation_options(const CheckpointInfo& info, const std::string& spec, std::optional<Split> split) {
  LoadOptions options = options_of(info.config);
  options.evaluation_only = true;
  options.split = split.value_or(Split::kEvaluation);
  if (!split && !same_data(spec, info.config.data)) options.val_share = 0;
  options.class_names = info.class_names;
  if (info.h == info.w) options.side = info.h;
  return options;
}

}  // namespace intrain
