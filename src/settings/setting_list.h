// The rows of settings.def as data, and a walk over a configuration by them.
#pragma once

#include <string>
#include <vector>

#include "base/api.h"
#include "settings/config.h"

namespace intrain {

enum SettingTraits : unsigned {
  kPlain = 0,
  kNoFlag = 1,         // no flag, and nothing that a person sets
  kOnResume = 2,       // may be given to a run that goes on
  kOfLength = 4,       // that only if no step done would have been another; the run's files have it from then on
  kOfRecipe = 8,       // a recipe sets it
  kLater = 16,         // older files lack it: it has its default then
  kAlwaysTold = 32,    // the command that repeats a run names it with its default, too
  kOfTheMachine = 64,  // where, and with how much, a run computes: the command that repeats it lacks it
};

struct SettingInfo {
  std::string key;
  bool is_flag;       // a bool: no value stands after its flag
  std::string range;  // "a whole number from 1 to 65536"; empty: anything, or what is checked where it is used
  unsigned traits;
  std::string placeholder;  // of the value, in the help: "N", "mean|black"
  std::string help;         // other settings in backquotes
  std::string otherwise;    // what holds where it is not given; may be empty
};
INTRAIN_API const std::vector<SettingInfo>& setting_list();
// The row of a key that there is.
INTRAIN_API const SettingInfo& setting_info(const std::string& key);

// Calls visit(info, member) for each setting of `config`, in the order of the list; not for `widths`.
template <class Config, class Visit>
void for_each_setting(Config& config, Visit&& visit) {
  const SettingInfo* info = setting_list().data();
#define INTRAIN_SETTING(type, name, ...) visit(*info++, config.name);
#include "settings/settings.def"
#undef INTRAIN_SETTING
}

// Sets those settings of `to` for which chosen(info) is true to what they are in `from`.
template <class Chosen>
void copy_settings(const TrainConfig& from, TrainConfig& to, Chosen&& chosen) {
  const SettingInfo* info = setting_list().data();
#define INTRAIN_SETTING(type, name, ...) \
  if (chosen(*info++)) to.name = from.name;
#include "settings/settings.def"
#undef INTRAIN_SETTING
}

}  // namespace intrain
