#include "settings/width_keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "settings/config_json.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

TEST(WidthKeys, SetsWidthsByTheirKeys) {
  TrainConfig config;
  for (const char* setting :
       {"w=2", "e1=7", "e2=3", "g=16", "mu=5", "rate=1", "w_stored=12", "round_e=nearest", "round_e1=stochastic"})
    set_width(config.widths, setting);
  Widths expected;
  expected.w = 2;
  expected.e1 = 7;
  expected.e2 = 3;
  expected.g = 16;
  expected.mu = 5;
  expected.rate = 1;
  expected.w_stored = 12;
  expected.nearest_e = true;
  expected.stochastic_e1 = true;
  EXPECT_TRUE(config.widths == expected);
  EXPECT_TRUE(nlohmann::ordered_json(config).get<TrainConfig>().widths == expected);
  set_width(config.widths, "e2=flag8");
  EXPECT_TRUE(config.widths.flag_e2 && config.widths.e2 == 8);
  EXPECT_TRUE(nlohmann::ordered_json(config).get<TrainConfig>().widths == config.widths);
  set_width(config.widths, "e2=16");
  EXPECT_TRUE(!config.widths.flag_e2 && config.widths.e2 == 16);
  set_width(config.widths, "round_e=stochastic");
  EXPECT_FALSE(config.widths.nearest_e);
  auto old = nlohmann::ordered_json(config);
  old.erase("formats");
  Widths before;
  before.x_hat = 8;
  EXPECT_TRUE(old.get<TrainConfig>().widths == before) << "of a run from before there were settings";
  for (const char* setting :
       {"w=1", "w=9", "w=", "w", "w=8 ", "w=+8", "w=99999999999", "e2=2", "e2=17", "e2=flag", "g=17", "w_stored=33", "rate=11"})
    expect_error([&] { set_width(config.widths, setting); }, "",
                 "formats." + std::string(setting).substr(0, std::string(setting).find('=')));
  for (const char* setting : {"round_e=up", "round_e1=up", "round_g="})
    expect_error([&] { set_width(config.widths, setting); }, "", "formats.round_");
  for (const char* setting : {"w_scale=channel", "g_scale=", "init=zero"})
    expect_error([&] { set_width(config.widths, setting); }, "", "formats." + std::string(setting).substr(0, 4));
  for (const char* setting : {"", "=8", "W=8", "widths=8"})
    expect_error([&] { set_width(config.widths, setting); }, "", "formats");
}

}  // namespace
}  // namespace intrain
