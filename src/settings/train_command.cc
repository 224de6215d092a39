#include "settings/train_command.h"

#include <algorithm>
#include <type_traits>

#include "core/shell.h"
#include "settings/idle_settings.h"
#include "settings/number_text.h"
#include "settings/recipe.h"
#include "settings/setting_list.h"
#include "settings/width_keys.h"

namespace intrain {

namespace {

std::string text_of(const std::string& value) { return value; }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(double value) { return number_text(value); }
template <class Integer>
requires std::is_integral_v<Integer> std::string text_of(Integer value) { return std::to_string(value); }
template <class Value>
std::string text_of(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) text.append(text.empty() ? "" : ",").append(text_of(value));
  return text;
}

// " --flag VALUE", or one for each of several patterns.
template <class Value>
std::string flags_text(const std::string& flag, const Value& value) {
  return std::string(" ").append(shell_flag(flag, text_of(value)));
}
std::string flags_text(const std::string& flag, bool) { return std::string(" ").append(flag); }
std::string flags_text(const std::string& flag, const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text.append(" ").append(shell_flag(flag, value));
  return text;
}

}  // namespace

std::vector<Setting> settings_of(const TrainConfig& config) {
  std::vector<Setting> list;
  for_each_setting(config, [&](const SettingInfo& info, const auto& value) { list.push_back({info.key, text_of(value)}); });
  for (const WidthValue& width : width_values(config.widths))
    list.push_back({std::string("formats.") + width.key, width.word != nullptr ? width.word : std::to_string(width.bits)});
  return list;
}

std::string flag_of(const std::string& key) {
  constexpr std::string_view kFormats = "formats";
  if (key == kFormats) return "--set";
  if (key.starts_with("formats.")) return "--set " + key.substr(kFormats.size() + 1);
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string train_command_of(const TrainConfig& config, const std::string& path) {
  if (!config.net.empty()) return std::string("intrain train ").append(shell_flag("--config", path));
  TrainConfig base;
  apply_recipe(base, config.recipe);
  base.recipe = TrainConfig().recipe;
  const std::vector<Setting> settings = settings_of(config), defaults = settings_of(base);
  const std::vector<IdleSetting> idle = idle_settings(config);  // `intrain train` refuses them
  std::string command = "intrain train";
  size_t i = 0;
  for_each_setting(config, [&](const SettingInfo& info, const auto& value) {
    const bool does = std::none_of(idle.begin(), idle.end(), [&](const IdleSetting& one) { return info.key == one.key; });
    const bool differs = does && settings[i].value != defaults[i].value;
    ++i;
    if ((differs || (info.traits & kAlwaysTold) != 0) && (info.traits & kOfTheMachine) == 0)
      command += flags_text(flag_of(info.key), value);
  });
  for (; i < settings.size(); ++i)
    if (settings[i].value != defaults[i].value)
      command.append(" ").append(flag_of(settings[i].name)).append("=").append(settings[i].value);
  return command;
}

}  // namespace intrain
