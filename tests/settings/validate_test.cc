#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "settings/config.h"
#include "settings/recipe.h"
#include "settings/scalar10.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

using test::expect_error;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

TEST(Validate, NamesTheSettingThatCannotBe) {
  const auto refused = [](const std::string& flag, auto change) {
    TrainConfig config;
    change(config);
    expect_error([&] { validate(config); }, "", flag);
  };
  for (int v : {0, -1, INT32_MIN, 65537}) refused("batch", [&](TrainConfig& c) { c.batch = v; });
  for (int v : {0, -1, 100001}) refused("epochs", [&](TrainConfig& c) { c.epochs = v; });
  for (int v : {0, -2, 1025}) refused("threads", [&](TrainConfig& c) { c.threads = v; });
  for (double v : {-1.0, 3.0, 4.5, kNan}) refused("warmup", [&](TrainConfig& c) { c.warmup = v; });
  for (double v : {0.0, -0.0, -0.1, kNan, kInf, -kInf, 101.0, 1e300, 1e-300}) refused("lr", [&](TrainConfig& c) { c.lr = v; });
  for (double v : {-0.1, 0.0004, 1.0, 2.0, kNan, kInf}) refused("momentum", [&](TrainConfig& c) { c.momentum = v; });
  for (double v : {-1e-4, 1e-10, 1e-300, 1.5, kNan, kInf}) refused("weight_decay", [&](TrainConfig& c) { c.weight_decay = v; });
  for (double v : {-0.1, 1e-10, 1.0, kNan}) refused("label_smoothing", [&](TrainConfig& c) { c.label_smoothing = v; });
  for (const char* v : {"", "Standard", "all"}) refused("augment", [&](TrainConfig& c) { c.augment = v; });
  for (const char* v : {"Black", "grey", " "}) refused("border", [&](TrainConfig& c) { c.border = v; });
  for (const char* v : {"", "Auto", "-1", "+1", "1.5", "4 ", "04", "00", "1001", "99999999999"})
    refused("shift", [&](TrainConfig& c) { c.shift = v; });
  for (const char* v : {"", "true", "random|none"}) refused("mirror", [&](TrainConfig& c) { c.mirror = v; });
  for (const char* v : {"", "0", "0.3", "1.0"}) refused("mixup", [&](TrainConfig& c) { c.mixup = v; });
  refused("mixup", [](TrainConfig& c) {
    c.mixup = "1";
    c.batch = 1;
  });
  for (int v : {-1, 17}) refused("bias_lr_log2", [&](TrainConfig& c) { c.bias_lr_log2 = v; });
  for (int v : {-1, 65536}) refused("cutout", [&](TrainConfig& c) { c.cutout = v; });
  for (const std::vector<double>& v : std::vector<std::vector<double>>{{-0.1}, {1.1}, {kNan}, {0.001}, {0.1, 0.1}, {0, 0, 0, 0}})
    refused("color_jitter", [&](TrainConfig& c) { c.color_jitter = v; });
  for (const char* v : {"", "Cosine", "Linear"}) refused("schedule", [&](TrainConfig& c) { c.schedule = v; });
}

// Numbers that would be rounded to nothing are refused above.
TEST(Validate, AllowsTheSmallest) {
  TrainConfig config;
  config.color_jitter = {0, 1.0 / 256, 1};
  config.momentum = 0.001;
  EXPECT_EQ(to_fraction10(config.momentum).mantissa, 1);
  config.label_smoothing = 1e-9;
  config.weight_decay = 1e-9;
  config.shift = "0";
  EXPECT_NO_THROW(validate(config));
}

TEST(Validate, NamesTheSettingThatDoesNotFitAnother) {
  const auto refused = [](const std::string& flag, auto change) {
    TrainConfig config;
    config.nesterov = flag == "nesterov";
    config.restarts = flag == "restarts" ? 1 : 0;
    EXPECT_NO_THROW(validate(config));
    change(config);
    expect_error([&] { validate(config); }, "", flag);
  };
  refused("nesterov", [](TrainConfig& c) { c.momentum = 0; });
  refused("nesterov", [](TrainConfig& c) { c.optimizer = "plain"; });
  refused("nesterov", [](TrainConfig& c) { c.widths.constant_g = true; });
  refused("bias_lr_log2", [](TrainConfig& c) { c.bias_lr_log2 = 1, c.widths.constant_g = true; });
  refused("identity", [](TrainConfig& c) { c.identity = c.widths.fan_in_init = true; });
  refused("restarts", [](TrainConfig& c) { c.schedule = "step"; });
  refused("decay", [](TrainConfig& c) { c.decay = "gamma"; });
}

// With `augment` none an epoch shows images as they are.
TEST(Validate, RefusesAugmentationsOfImagesAsTheyAre) {
  const auto refused = [](const std::string& key, auto change) {
    TrainConfig config;
    change(config);
    validate(config);
    config.augment = "none";
    expect_error([&] { validate(config); }, "images as they are cannot be augmented", key);
  };
  refused("shift", [](TrainConfig& c) { c.shift = "0"; });
  refused("mirror", [](TrainConfig& c) { c.mirror = "alternate"; });
  refused("cutout", [](TrainConfig& c) { c.cutout = 1; });
  refused("color_jitter", [](TrainConfig& c) { c.color_jitter = {0.5}; });
  refused("mixup", [](TrainConfig& c) { c.mixup = "0.2"; });
  TrainConfig config;
  config.augment = config.mirror = "none";
  validate(config);
}

TEST(Validate, RefusesAFixedGridThatIsFinerThanWhatIsStored) {
  TrainConfig config;
  config.widths.fixed_w = true;
  config.widths.w_stored = 14;
  expect_error([&] { validate(config); }, "finer than a stored W of 14", "formats.w_stored");
  config.widths.w = 7;
  validate(config);
}

}  // namespace
}  // namespace intrain
