#include "settings/idle_settings.h"

#include <optional>

#include "core/error.h"
#include "settings/number_text.h"
#include "settings/shift.h"

namespace intrain {

std::vector<IdleSetting> idle_settings(const TrainConfig& config) {
  std::vector<IdleSetting> idle;
  const bool photos = config.data.starts_with("folder:");
  if (config.momentum != 0 && config.optimizer == "plain")
    idle.push_back({"momentum", number_text(config.momentum) + " for an optimizer without one",
                    "leave it out, or choose `optimizer` momentum"});
  if (config.decay != "all" && config.weight_decay == 0)
    idle.push_back({"decay", "there is no weight decay", "leave it out, or give a `weight_decay` above 0"});
  const std::optional<int> shift = shift_of(config);
  const bool moves = config.augment != "none" && (shift ? *shift > 0 : !photos);
  if (!config.border.empty() && !moves)
    idle.push_back({"border", "no image is moved beyond its border", "leave it out, or give a `shift` of 1 or more"});
  if (config.crop != "auto" && !photos)
    idle.push_back({"crop", "there are no photos to crop", "leave it out: it is for folder:DIR"});
  return idle;
}

void refuse_idle(const TrainConfig& config, const std::function<bool(const char* key)>& given) {
  for (const IdleSetting& idle : idle_settings(config))
    if (given(idle.key)) throw Error(idle.why, Setting{idle.key}, idle.hint);
}

}  // namespace intrain
