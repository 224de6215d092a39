#include "data/check_loader.h"

#include <algorithm>
#include <climits>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "data/augment.h"
#include "data/check_dataset.h"
#include "data/mixup.h"

namespace intrain {

int shift_of(const Dataset& set, const LoaderOptions& options) {
  if (options.shift != kAutoShift) return options.shift;
  return set.files.empty() ? crop_pad(set.h) : 0;
}

void check_augmentation(const Dataset& set, const LoaderOptions& options) {
  const int side = std::min(set.h, set.w), shift = shift_of(set, options);
  const std::string images = "images of " + std::to_string(set.h) + "x" + std::to_string(set.w);
  const auto refuse = [](const std::string& what, const char* setting, const std::string& hint) {
    throw Error(what, Setting{setting}, hint);
  };
  if (options.shift != kAutoShift && (shift < 0 || shift >= side))
    refuse("windows of " + images + " moved by " + std::to_string(shift), "shift", "give 0 to " + std::to_string(side - 1));
  if (options.border == Border::kReflect && shift >= side)
    refuse("windows moved by " + std::to_string(shift) + " show more than a reflection of " + images, "border",
           "choose another border, or a `shift` of at most " + std::to_string(side - 1));
  if (options.cutout < 0 || options.cutout > side)
    refuse("squares of " + std::to_string(options.cutout) + " cut out of " + images, "cutout",
           "give 0 to " + std::to_string(side));
  if (options.mixup != 0 && !is_mixup_alpha(options.mixup))
    refuse("there is no table for an alpha of " + std::to_string(options.mixup) + " / 10", "mixup", "give 2, 4, 8 or 10, or 0");
  const ColorJitter& jitter = options.color_jitter;
  for (const int range : {jitter.brightness, jitter.contrast, jitter.saturation})
    if (range < 0 || range > 256)
      refuse("colours that change by " + std::to_string(range) + " / 256", "color_jitter", "give 0 to 256 of each");
  if (set.c != 3 && jitter.saturation != 0 && jitter.brightness == 0 && jitter.contrast == 0)
    refuse("images of " + plural(set.c, "channel") + " have no saturation", "color_jitter",
           "give a share of brightness or contrast");
}

void check_loader(const Dataset& set, const LoaderOptions& options) {
  check_dataset(set);
  const int most = options.training ? set.count : INT_MAX;
  if (options.batch < 1 || options.batch > most)
    throw Error("batches of " + std::to_string(options.batch) + " of " + std::to_string(set.count) + " images", Setting{"batch"},
                "give 1 or more, and no more than there are to train on");
  if (options.ranks < 1 || options.rank < 0 || options.rank >= options.ranks)
    throw Error("there is no rank " + std::to_string(options.rank) + " of " + std::to_string(options.ranks), "",
                "ranks count from 0");
  if (options.training && options.ranks > options.batch)
    throw Error("batches of " + std::to_string(options.batch) + " images for " + std::to_string(options.ranks) + " ranks",
                Setting{"batch"}, "give at least one image a rank");
  if (options.threads < 1) throw Error(std::to_string(options.threads) + " threads", Setting{"threads"}, "give 1 or more");
  if (options.first_step < 0)
    throw Error("batch " + std::to_string(options.first_step) + " as the first", Setting{"first_step"}, "give 0 or more");
  if (!set.files.empty() && static_cast<int64_t>(set.files.size()) < set.count)
    throw Error("a data set of fewer photos than it says", Setting{"data"}, "count is how many there are");
  const auto known = [&](uint16_t label) { return label < set.classes; };
  if (!set.file_hashes.empty() && static_cast<int64_t>(set.file_hashes.size()) < set.count)
    throw Error("a data set of fewer fingerprints of photos than it says", Setting{"data"}, "give one for each, or none");
  if (static_cast<int64_t>(set.labels.size()) < set.count ||
      (options.balance && !std::all_of(set.labels.begin(), set.labels.begin() + set.count, known)))
    throw Error("images without labels", Setting{"data"}, "there is one for each, below classes where these are balanced");
  if (options.augments()) check_augmentation(set, options);
}

}  // namespace intrain
