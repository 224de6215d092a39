#include "train/data_options.h"

#include <cmath>

#include "core/error.h"
#include "data/validation_share.h"
#include "settings/crop.h"

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

}  // namespace

LoadOptions training_options(const TrainConfig& config) {
  if (config.transpose && !is_idx_data(config.data))
    throw Error("'" + data_name(config.data) + "' has no images to transpose", Setting{"transpose"},
                "it is for IDX files: mnist:DIR");
  return options_of(config);
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
