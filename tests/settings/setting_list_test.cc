// The list holds a setting's only statement: what follows from a row follows from every row.
#include "settings/setting_list.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "settings/config_json.h"
#include "settings/train_command.h"

namespace intrain {
namespace {

struct Rows {
#define INTRAIN_SETTING(type, name, initial, ...) type name;
#include "settings/settings.def"
#undef INTRAIN_SETTING
  Widths widths;
};
static_assert(sizeof(Rows) == sizeof(TrainConfig), "a setting outside of the list");

// A value other than the default one that can be.
void change(const SettingInfo&, bool& value) { value = true; }
void change(const SettingInfo&, double& value) { value = value == 0.5 ? 0.25 : 0.5; }
void change(const SettingInfo&, std::vector<double>& values) { values = {0.5}; }
void change(const SettingInfo&, std::vector<std::string>& values) { values = {"conv*", "it's"}; }
void change(const SettingInfo& info, std::string& value) {
  const std::string& words = info.placeholder;
  value = words.find('|') == std::string::npos ? "other" : words.substr(words.rfind('|') + 1);
  if (info.key == "crop") value = "whole";
  if (info.key == "shift") value = "3";
}
template <class Integer>
void change(const SettingInfo&, Integer& value) {
  value += 1;
}

// A value that no range holds.
void spoil(double& value) { value = std::numeric_limits<double>::quiet_NaN(); }
void spoil(std::vector<double>& values) { values = {std::numeric_limits<double>::quiet_NaN()}; }
void spoil(std::vector<std::string>& values) { values.resize(1000000); }
void spoil(std::string& value) { value = "no such word"; }
void spoil(bool&) {}
template <class Integer>
void spoil(Integer& value) {
  value = std::numeric_limits<Integer>::min();
}

// The default configuration but for what `set` does to one setting.
template <class Set>
TrainConfig with(const SettingInfo& setting, const Set& set) {
  TrainConfig config;
  for_each_setting(config, [&](const SettingInfo& info, auto& value) {
    if (&info == &setting) set(value);
  });
  return config;
}
TrainConfig changed(const SettingInfo& setting) {
  return with(setting, [&](auto& value) { change(setting, value); });
}

TEST(SettingList, EachHasAHelpAndANameOfItsOwn) {
  std::set<std::string> keys;
  for (const SettingInfo& setting : setting_list()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_EQ(setting.placeholder.empty(), setting.is_flag || (setting.traits & kNoFlag) != 0) << setting.key;
    EXPECT_EQ(&setting_info(setting.key), &setting);
  }
}

TEST(SettingList, EachIsInTheFileAndAmongTheTexts) {
  const nlohmann::ordered_json json = TrainConfig();
  const std::vector<Setting> texts = settings_of(TrainConfig());
  ASSERT_EQ(json.size(), setting_list().size() + 1);
  ASSERT_EQ(texts.size(), setting_list().size() + json.at("formats").size());
  auto member = json.begin();
  for (size_t i = 0; i < setting_list().size(); ++i, ++member) {
    EXPECT_EQ(member.key(), setting_list()[i].key);
    EXPECT_EQ(texts[i].name, setting_list()[i].key);
  }
}

TEST(SettingList, EachGoesThroughTheFileAndIntoTheCommand) {
  const nlohmann::ordered_json json = TrainConfig();
  const std::vector<Setting> defaults = settings_of(TrainConfig());
  for (size_t i = 0; i < setting_list().size(); ++i) {
    const SettingInfo& setting = setting_list()[i];
    const TrainConfig config = changed(setting);
    const nlohmann::ordered_json written = config;
    EXPECT_NE(written.at(setting.key), json.at(setting.key)) << setting.key;
    EXPECT_EQ(nlohmann::ordered_json(written.get<TrainConfig>()), written) << setting.key;
    const std::vector<Setting> texts = settings_of(config);
    for (size_t k = 0; k < texts.size(); ++k) EXPECT_EQ(texts[k].value == defaults[k].value, k != i) << setting.key;
    if (setting.key == "recipe" || setting.key == "net") continue;  // more follows from them
    const std::string command = train_command_of(config, "config.json");
    const bool told = (setting.traits & kOfTheMachine) == 0 && setting.key != "crop";  // for photos alone
    EXPECT_EQ(command.find(" " + flag_of(setting.key)) != std::string::npos, told) << command;
  }
}

TEST(SettingList, OlderFilesMayLackWhatCameLater) {
  for (const SettingInfo& setting : setting_list()) {
    nlohmann::ordered_json older = TrainConfig();
    older.erase(setting.key);
    if ((setting.traits & kLater) != 0)
      EXPECT_EQ(nlohmann::ordered_json(older.get<TrainConfig>()), nlohmann::ordered_json(TrainConfig())) << setting.key;
    else
      EXPECT_THROW(older.get<TrainConfig>(), nlohmann::json::exception) << setting.key;
  }
}

TEST(SettingList, WhatIsOutOfRangeIsRefusedWithTheRange) {
  validate(TrainConfig());
  int ranges = 0;
  for (const SettingInfo& setting : setting_list()) {
    if (setting.range.empty()) continue;
    ++ranges;
    try {
      validate(with(setting, [](auto& value) { spoil(value); }));
      ADD_FAILURE() << setting.key;
    } catch (const Error& e) {
      EXPECT_EQ(e.setting, setting.key);
      EXPECT_EQ(e.hint, "`" + setting.key + "` takes " + setting.range);
    }
  }
  EXPECT_GE(ranges, 18);
}

TEST(SettingList, RangesReadAsSentences) {
  EXPECT_EQ(setting_info("batch").range, "a whole number from 1 to 65536");
  EXPECT_EQ(setting_info("lr").range, "a number from 1e-9 to 100");
  EXPECT_EQ(setting_info("momentum").range, "0, or a number from 0.001 to below 1");
  EXPECT_EQ(setting_info("val_share").range, "0, or a number from 1e-6 to 0.999999");
  EXPECT_EQ(setting_info("deviation").range, "numbers from 0.001 to 1, the largest pixel value");
  EXPECT_EQ(setting_info("schedule").range, "cosine, linear, step or wageubn");
  EXPECT_EQ(setting_info("border").range, "mean, black or reflect");
  EXPECT_EQ(setting_info("freeze").range, "at most 1000 patterns");
}

}  // namespace
}  // namespace intrain
