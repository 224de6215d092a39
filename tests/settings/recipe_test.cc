#include "settings/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "settings/config_json.h"
#include "settings/width_keys.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

TrainConfig wageubn() {
  TrainConfig config;
  apply_recipe(config, "wageubn");
  return config;
}

TEST(Recipe, IsASetOfSettings) {
  TrainConfig config = wageubn();
  validate(config);
  EXPECT_EQ(config.recipe, "wageubn");
  EXPECT_EQ(config.lr, 0.05);
  EXPECT_EQ(config.schedule, "wageubn");
  EXPECT_TRUE(config.widths.fixed_w && config.widths.constant_g);
  EXPECT_EQ(config.epochs, TrainConfig{}.epochs);
  const auto json = nlohmann::ordered_json(config);
  EXPECT_EQ(json.at("formats").at("g_scale"), "constant");
  EXPECT_TRUE(json.get<TrainConfig>().widths == config.widths);
  set_width(config.widths, "w_scale=layer");
  set_width(config.widths, "g_scale=shift");
  EXPECT_FALSE(config.widths.fixed_w || config.widths.constant_g);
  apply_recipe(config, "intrain");
  EXPECT_EQ(nlohmann::ordered_json(config).dump(), nlohmann::ordered_json(TrainConfig{}).dump());
  expect_error([&] { apply_recipe(config, "wage"); }, "'wage' is no recipe", "recipe");
}

TEST(Recipe, SaysWhatTheFixedGridsCannotBeCombinedWith) {
  const auto refused = [](const std::string& flag, const std::string& what, auto change) {
    TrainConfig config = wageubn();
    change(config);
    expect_error([&] { validate(config); }, what, flag);
    config.widths.constant_g = false;
    validate(config);
  };
  for (double v : {0.9, 0.8, 0.1}) refused("momentum", "3 bits", [&](TrainConfig& c) { c.momentum = v; });
  for (double v : {0.0009, 0.9995, 2.0}) refused("lr", "10 bits", [&](TrainConfig& c) { c.lr = v; });
  for (int v : {15, 24, 30}) refused("formats.w_stored", "without rounding", [&](TrainConfig& c) { c.widths.w_stored = v; });
  refused("formats.w_stored", "without rounding", [](TrainConfig& c) { c.widths.momentum = 14; });
  refused("formats.w_stored", "without rounding", [](TrainConfig& c) { c.widths.momentum = 16, c.widths.w_stored = 32; });
  refused("formats.g", "16 bits", [](TrainConfig& c) { c.widths.g = 16; });
  refused("formats.round_g", "stochastically", [](TrainConfig& c) { c.widths.nearest_g = true; });
  for (double v : {0.0, 0.25, 0.5, 0.75}) {
    TrainConfig config = wageubn();
    config.momentum = v;
    config.widths.rate = 8;
    config.widths.w_stored = 29;
    validate(config);
  }
}

}  // namespace
}  // namespace intrain
