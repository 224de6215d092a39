#include "settings/idle_settings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"

namespace intrain {
namespace {

std::vector<std::string> keys(const TrainConfig& config) {
  std::vector<std::string> keys;
  for (const IdleSetting& idle : idle_settings(config)) keys.push_back(idle.key);
  return keys;
}
using Keys = std::vector<std::string>;

TEST(IdleSettings, AreNamed) {
  EXPECT_EQ(keys({}), Keys{});
  EXPECT_EQ(keys({.optimizer = "plain"}), Keys{"momentum"});
  EXPECT_EQ(keys({.optimizer = "plain", .momentum = 0}), Keys{});
  EXPECT_EQ(keys({.weight_decay = 0, .decay = "weights"}), Keys{"decay"});
  EXPECT_EQ(keys({.decay = "weights"}), Keys{});
  EXPECT_EQ(keys({.crop = "whole"}), Keys{"crop"});
  EXPECT_EQ(keys({.data = "folder:photos", .crop = "whole"}), Keys{});
  EXPECT_EQ(keys({.border = "black"}), Keys{});
  EXPECT_EQ(keys({.border = "black", .shift = "0"}), Keys{"border"});
  EXPECT_EQ(keys({.augment = "none", .border = "black"}), Keys{"border"});
  EXPECT_EQ(keys({.data = "folder:photos", .border = "black"}), Keys{"border"});  // windows of photos lie within them
  EXPECT_EQ(keys({.data = "folder:photos", .border = "black", .shift = "3"}), Keys{});
}

TEST(IdleSettings, AreRefusedWhereTheyWereGiven) {
  const TrainConfig config{.optimizer = "plain", .crop = "0.5"};
  EXPECT_NO_THROW(refuse_idle(config, [](const std::string& key) { return key == "border"; }));
  try {
    refuse_idle(config, [](const std::string& key) { return key == "crop"; });
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.setting, "crop");
    EXPECT_FALSE(e.hint.empty());
  }
}

}  // namespace
}  // namespace intrain
