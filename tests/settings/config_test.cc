#include "settings/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "settings/config_file.h"
#include "settings/config_json.h"
#include "settings/recipe.h"
#include "settings/scalar10.h"
#include "settings/train_command.h"
#include "settings/width_keys.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

TEST(Config, DefaultsAreValidAndGoThroughJson) {
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

TEST(Config, NamesTheSettingThatCannotBe) {
  const auto refused = [](const std::string& flag, auto change) {
    TrainConfig config;
    change(config);
    expect_error([&] { validate(config); }, "", flag);
  };
  for (int v : {0, -1, INT32_MIN, 65537}) refused("batch", [&](TrainConfig& c) { c.batch = v; });
  for (int v : {0, -1, 100001}) refused("epochs", [&](TrainConfig& c) { c.epochs = v; });
  for (int v : {0, -2, 1025}) refused("threads", [&](TrainConfig& c) { c.threads = v; });
  for (int v : {-1, 3, 4}) refused("warmup", [&](TrainConfig& c) { c.warmup = v; });
  for (double v : {0.0, -0.0, -0.1, kNan, kInf, -kInf, 101.0, 1e300, 1e-300}) refused("lr", [&](TrainConfig& c) { c.lr = v; });
  for (double v : {-0.1, 1.0, 2.0, kNan, kInf}) refused("momentum", [&](TrainConfig& c) { c.momentum = v; });
  for (double v : {-1e-4, 1.5, kNan, kInf}) refused("weight_decay", [&](TrainConfig& c) { c.weight_decay = v; });
  for (const char* v : {"", "Standard", "all"}) refused("augment", [&](TrainConfig& c) { c.augment = v; });
  for (const char* v : {"Black", "grey", " "}) refused("border", [&](TrainConfig& c) { c.border = v; });
  for (const char* v : {"", "Cosine", "linear"}) refused("schedule", [&](TrainConfig& c) { c.schedule = v; });
}

TEST(Config, SetsWidthsByTheirKeys) {
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

TEST(Recipe, OfAFileComesBeforeItsOtherMembers) {
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

TEST(Recipe, OlderFilesHaveNone) {
  auto old = nlohmann::ordered_json(TrainConfig{});
  old.erase("recipe");
  for (const char* key : {"w_scale", "g_scale", "init"}) old.at("formats").erase(key);
  EXPECT_EQ(old.get<TrainConfig>().recipe, "intrain");
  EXPECT_TRUE(old.get<TrainConfig>().widths == Widths{});
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

TEST(Recipe, OfAFlagComesBeforeAFileWithoutOneAndAfterAnotherOne) {
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

TEST(Config, RefusesAFixedGridThatIsFinerThanWhatIsStored) {
  TrainConfig config;
  config.widths.fixed_w = true;
  config.widths.w_stored = 14;
  expect_error([&] { validate(config); }, "finer than a stored W of 14", "formats.w_stored");
  config.widths.w = 7;
  validate(config);
}

TEST(Config, ReadsPartsFromAFile) {
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

TEST(Config, TellsItsSettings) {
  TrainConfig config;
  config.freeze = {"conv*", "linear?.beta"};
  config.mean = {0.5, 0.25};
  std::string all;
  for (const Setting& s : settings_of(config)) all += s.name + "=" + s.value + ";";
  EXPECT_TRUE(all.starts_with("data=fashion-mnist;model=resnet8;net=;epochs=3;")) << all;
  for (const std::string part : {";lr=0.1;", ";freeze=conv*,linear?.beta;", ";mean=0.5,0.25;", ";tensorboard=false;",
                                 ";formats.w=8;", ";formats.round_e=stochastic;"})
    EXPECT_NE(all.find(part), std::string::npos) << part;
}

TEST(Config, TellsTheCommandThatRepeatsIt) {
  TrainConfig config;
  EXPECT_EQ(train_command_of(config, "config.json"), "intrain train --data fashion-mnist --model resnet8 --epochs 3 --batch 128");
  config.data = "folder:my photos";
  config.threads = 7;
  config.out = "runs/x";
  config.lr = 0.25;
  config.label_smoothing = 0.1;
  config.freeze = {"conv*", "it's"};
  config.freeze_statistics = true;
  config.mean = config.deviation = {0.5};
  config.seed = UINT64_MAX;
  config.tensorboard = true;
  config.widths.w = 4;
  set_width(config.widths, "e2=flag8");
  set_width(config.widths, "round_g=nearest");
  EXPECT_EQ(
      train_command_of(config, "config.json"),
      "intrain train --data 'folder:my photos' --model resnet8 --epochs 3 --batch 128 --lr 0.25 --label-smoothing 0.1 --freeze "
      "'conv*' --freeze 'it'\\''s' --freeze-statistics --mean 0.5 --deviation 0.5 --seed 18446744073709551615 --tensorboard "
      "--set w=4 "
      "--set e2=flag8 --set round_g=nearest");
  // Of a recipe what it does not set.
  config = {};
  apply_recipe(config, "wageubn");
  config.weight_decay = 0.5;
  EXPECT_EQ(train_command_of(config, "config.json"),
            "intrain train --data fashion-mnist --model resnet8 --epochs 3 --batch 128 --recipe wageubn --weight-decay 0.5");
  config.net = "text";
  EXPECT_EQ(train_command_of(config, "my run/config.json"), "intrain train --config 'my run/config.json'");
}

TEST(Scalar10, IsTheNearestTenBitNumber) {
  EXPECT_EQ(to_scalar10(0).mantissa, 0);
  EXPECT_EQ(to_scalar10(1).mantissa, 512);
  EXPECT_EQ(to_scalar10(1).exp, -9);
  EXPECT_EQ(to_scalar10(0.1).mantissa, 819);  // 0.1 * 2^13 = 819.2
  EXPECT_EQ(to_scalar10(0.1).exp, -13);
  EXPECT_EQ(to_scalar10(1023.75).mantissa, 512);  // rounds up to the next power of two
  EXPECT_EQ(to_scalar10(1023.75).exp, 1);
  EXPECT_EQ(to_scalar10(512.5).mantissa, 512);  // ties to even
  EXPECT_EQ(to_scalar10(513.5).mantissa, 514);
  test::Rng rng(1);
  for (int i = 0; i < 10000; ++i) {
    const double value = std::ldexp(static_cast<double>(rng.range(1, int64_t{1} << 52)), static_cast<int>(rng.range(-90, -30)));
    const ops::Scalar10 s = to_scalar10(value);
    ASSERT_GE(s.mantissa, 512);
    ASSERT_LE(s.mantissa, 1023);
    ASSERT_LE(std::abs(std::ldexp(s.mantissa, s.exp) - value), std::ldexp(0.5, s.exp));
  }
}

TEST(Scalar10, MomentumIsInFractionsOf1024) {
  EXPECT_EQ(to_fraction10(0.9).mantissa, 922);
  EXPECT_EQ(to_fraction10(0.9).exp, -10);
  EXPECT_EQ(to_fraction10(0).mantissa, 0);
  EXPECT_EQ(to_fraction10(0.99999).mantissa, 1023);
  EXPECT_EQ(to_fraction10(0.75, 2).mantissa, 3);
  EXPECT_EQ(to_fraction10(0.9, 2).mantissa, 3);
  EXPECT_EQ(to_fraction10(0.75, 2).exp, -2);
}

}  // namespace
}  // namespace intrain
