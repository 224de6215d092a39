#include <algorithm>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/parallel.h"
#include "settings/allowed.h"
#include "settings/config.h"
#include "settings/crop.h"
#include "settings/number_text.h"
#include "settings/recipe.h"
#include "settings/setting_list.h"
#include "settings/shift.h"

namespace intrain {

namespace {

bool allows(Whole a, int value) { return value >= a.min && value <= a.max; }
// Written so that not-a-number fails too.
bool allows(Number a, double value) {
  return (a.or_zero && value == 0) || (value >= a.min && (a.below ? value < a.max : value <= a.max));
}
bool allows(OneOf a, const std::string& value) {
  const std::string words = std::string("|") + a.words + "|";
  return value.find('|') == std::string::npos && words.find("|" + value + "|") != std::string::npos;
}
bool allows(AtMost a, const std::vector<std::string>& values) { return values.size() <= a.count; }

std::string shown(int value) { return std::to_string(value); }
std::string shown(double value) { return number_text(value); }
std::string shown(const std::string& value) { return "'" + value + "'"; }
std::string shown(const std::vector<std::string>& values) { return std::to_string(values.size()); }

template <class Value>
void check(const SettingInfo&, const Value&, Any) {}
template <class Value, class Allowed>
void check(const SettingInfo& setting, const Value& value, Allowed allowed) {
  if (!allows(allowed, value))
    throw Error(shown(value) + " is not possible", Setting{setting.key}, "`" + setting.key + "` takes " + setting.range);
}
void check(const SettingInfo& setting, const std::vector<double>& values, Number allowed) {
  for (const double value : values) check(setting, value, allowed);
}

// What augmentation is made of.
void check_augmentation_settings(const TrainConfig& config) {
  const bool shifts = shift_of(config).has_value();
  if (const size_t count = config.color_jitter.size(); count == 2 || count > 3)
    throw Error(std::to_string(count) + " shares are not possible", Setting{"color_jitter"},
                "give one for all, or three: of brightness, contrast and saturation");
  if (config.mixup != "none" && config.batch == 1)
    throw Error("an image alone has no other to be mixed with", Setting{"mixup"},
                "leave out `mixup`, or choose a larger `batch`");
  if (config.augment != "none") return;
  const auto refuse_if = [](bool given, const char* key) {
    if (given)
      throw Error("images as they are cannot be augmented", Setting{key},
                  "leave out `" + std::string(key) + "`, or choose standard for `augment`");
  };
  refuse_if(shifts, "shift");
  refuse_if(config.mirror == "alternate", "mirror");
  refuse_if(config.cutout != 0, "cutout");
  refuse_if(!config.color_jitter.empty(), "color_jitter");
  refuse_if(config.mixup != "none", "mixup");
}

// What settings cannot be together.
void check_pairs(const TrainConfig& config) {
  crop_of(config);
  check_augmentation_settings(config);
  if (config.freeze_statistics && config.init_from.empty())
    throw Error("a new net has no running statistics yet", Setting{"freeze_statistics"},
                "begin with a net that has learned (`init_from`)");
  if (config.freeze_statistics && config.running_statistics)
    throw Error("running statistics cannot both stay and go on", Setting{"running_statistics"},
                "give either `freeze_statistics` or `running_statistics`");
  if (config.optimizer == "plain" && config.widths.constant_g)
    throw Error("WAGEUBN's optimizer keeps an accumulator", Setting{"optimizer"}, "choose momentum, or `formats.g_scale`=shift");
  if (config.identity && config.widths.fan_in_init)
    throw Error("the identity is not for WAGEUBN's first W", Setting{"identity"},
                "leave it out, or choose `formats.init`=fan_out");
  if (config.nesterov && config.widths.constant_g)
    throw Error("WAGEUBN's optimizer has no Nesterov momentum", Setting{"nesterov"},
                "leave it out, or choose `formats.g_scale`=shift");
  if (config.bias_lr_log2 != 0 && config.widths.constant_g)
    throw Error("WAGEUBN's optimizer has one rate for all", Setting{"bias_lr_log2"},
                "leave it out, or choose `formats.g_scale`=shift");
  if (config.nesterov && (config.optimizer == "plain" || config.momentum == 0))
    throw Error("Nesterov's momentum without a momentum", Setting{"nesterov"},
                "give a `momentum` above 0, and `optimizer` momentum");
  if (config.restarts > 0 && config.schedule != "cosine" && config.schedule != "linear")
    throw Error("the schedule " + config.schedule + " has no restarts", Setting{"restarts"},
                "choose `schedule` cosine or linear");
  if (config.warmup >= config.epochs)
    throw Error(number_text(config.warmup) + " of " + std::to_string(config.epochs) + " epochs is not possible",
                Setting{"warmup"}, "`warmup` takes fewer epochs than `epochs`");
  if (config.mean.size() != config.deviation.size() || config.mean.size() > 3)
    throw Error(std::to_string(config.mean.size()) + " means and " + std::to_string(config.deviation.size()) + " deviations",
                Setting{config.deviation.size() < config.mean.size() ? "deviation" : "mean"},
                "give both `mean` and `deviation`, with as many numbers as the images have channels");
}

void check_widths(const TrainConfig& config) {
  const Widths& widths = config.widths;
  if (widths.fixed_w && widths.w_stored - 8 < widths.w - 1)
    throw Error(
        std::to_string(widths.w) + " bits of W on a fixed grid are finer than a stored W of " + std::to_string(widths.w_stored),
        Setting{"formats.w_stored"},
        "choose w_stored=" + std::to_string(widths.w + 7) + " or more, fewer bits of W, or w_scale=layer");
  if (widths.constant_g) check_fixed_grids(config);
}

}  // namespace

void validate(const TrainConfig& config) {
  const SettingInfo* info = setting_list().data();
#define INTRAIN_SETTING(type, name, initial, allowed, ...) check(*info++, config.name, allowed);
#include "settings/settings.def"
#undef INTRAIN_SETTING
  check_pairs(config);
  check_widths(config);
}

void validate_batch(int batch) {
  TrainConfig config;
  config.batch = batch;
  validate(config);
}

void validate_threads(int threads) {
  TrainConfig config;
  config.threads = threads;
  validate(config);
}

}  // namespace intrain
