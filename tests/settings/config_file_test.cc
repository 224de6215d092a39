#include "settings/config_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "settings/config_json.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

TEST(ConfigFile, DefaultsAreValidAndGoThroughJson) {
  TrainConfig config;
  validate(config);
  config.data = "cifar10:/somewhere";
  config.lr = 0.1;
  config.weight_decay = 1e-4;
  config.seed = UINT64_MAX;
  config.warmup = 1;
  config.out = "runs/x";
  const std::string text = nlohmann::ordered_json(config).dump();
  const TrainConfig back = nlohmann::ordered_json::parse(text).get<TrainConfig>();
  EXPECT_EQ(nlohmann::ordered_json(back).dump(), text);
  EXPECT_EQ(back.lr, 0.1);
  EXPECT_EQ(back.seed, UINT64_MAX);
  EXPECT_EQ(back.out, "runs/x");
}

TEST(ConfigFile, ReadsPartsFromAFile) {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/config.json";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  TrainConfig config;
  config.out = "here";
  write(R"({"epochs": 7, "lr": 0.5, "out": "there", "formats": {"w": 5, "round_g": "nearest"}})");
  read_config(path, config);
  EXPECT_EQ(config.epochs, 7);
  EXPECT_EQ(config.lr, 0.5);
  EXPECT_EQ(config.out, "here");
  EXPECT_EQ(config.batch, TrainConfig{}.batch);
  EXPECT_EQ(config.widths.w, 5);
  EXPECT_TRUE(config.widths.nearest_g);
  for (const char* text : {"", "{", "[]", "3", R"({"epoch": 7})", R"({"epochs": "7"})", R"({"formats": {"v": 5}})",
                           R"({"formats": 8})", R"({"epochs": {"w": 1}})"}) {
    write(text);
    expect_error([&] { read_config(path, config); }, "", "config " + path);
  }
  for (const auto& [text, what] : {std::pair{R"({"formats": {"w": "5"}})", "'formats.w' has the wrong type"},
                                   {R"({"epochs": 1.5})", "'epochs' has"},
                                   {R"({"batch": 1, "epochs": 99999999999})", "'epochs' has"},
                                   {R"({"mean": [1, "2"]})", "'mean' has"},
                                   {R"({"formats": {"w": 9}})", "'9' is not possible"},
                                   {R"({"formats": {"e2": "flag"}})", "'flag' is not possible"},
                                   {R"({"recipe": "wage"})", "'wage' is no recipe"}}) {
    write(text);
    expect_error([&] { read_config(path, config); }, what, "config " + path);
  }
  EXPECT_EQ(config.epochs, 7) << "what fails sets nothing";
  expect_error([&] { read_config(folder.path() + "/none", config); }, "", "config");
  expect_error([&] { read_config(folder.path(), config); }, "", "config");
}

TEST(ConfigFile, TakesItsRecipeBeforeItsOtherMembers) {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/config.json";
  TrainConfig config;
  config.epochs = 9;
  std::ofstream(path) << R"({"formats": {"w_scale": "layer"}, "lr": 0.25, "recipe": "wageubn"})";
  read_config(path, config);
  EXPECT_EQ(config.recipe, "wageubn");
  EXPECT_EQ(config.epochs, 9);
  EXPECT_EQ(config.lr, 0.25);
  EXPECT_EQ(config.momentum, 0.75);
  EXPECT_TRUE(config.widths.constant_g);
  EXPECT_FALSE(config.widths.fixed_w);
  std::ofstream(path) << R"({"recipe": "wage"})";
  expect_error([&] { read_config(path, config); }, "", "recipe");
}

TEST(ConfigFile, TakesAFlagsRecipeBeforeItselfOrAfterItsOwn) {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/config.json";
  const auto read = [&](const std::string& text, const std::string& recipe) {
    std::ofstream(path) << text;
    TrainConfig config;
    read_config(path, config, recipe);
    EXPECT_EQ(config.recipe, "wageubn") << text;
    EXPECT_TRUE(config.widths.constant_g) << text;
    return config;
  };
  EXPECT_EQ(read(R"({"lr": 0.25})", "wageubn").lr, 0.25);
  EXPECT_EQ(read(R"({"lr": 0.25, "recipe": "wageubn"})", "wageubn").lr, 0.25);
  const TrainConfig other = read(R"({"lr": 0.25, "epochs": 9, "recipe": "intrain"})", "wageubn");
  EXPECT_EQ(other.lr, 0.05);
  EXPECT_EQ(other.epochs, 9);
}

TEST(ConfigFile, OlderOnesHaveNoRecipe) {
  auto old = nlohmann::ordered_json(TrainConfig{});
  old.erase("recipe");
  for (const char* key : {"w_scale", "g_scale", "init"}) old.at("formats").erase(key);
  EXPECT_EQ(old.get<TrainConfig>().recipe, "intrain");
  EXPECT_TRUE(old.get<TrainConfig>().widths == Widths{});
}

}  // namespace
}  // namespace intrain
