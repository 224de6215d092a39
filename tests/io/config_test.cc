#include "io/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

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

TEST(Config, NamesTheFlagOfWhatCannotBe) {
  const auto refused = [](const std::string& flag, auto change) {
    TrainConfig config;
    change(config);
    expect_error([&] { validate(config); }, "", flag);
  };
  for (int v : {0, -1, INT32_MIN, 65537}) refused("--batch", [&](TrainConfig& c) { c.batch = v; });
  for (int v : {0, -1, 100001}) refused("--epochs", [&](TrainConfig& c) { c.epochs = v; });
  for (int v : {0, -2, 1025}) refused("--threads", [&](TrainConfig& c) { c.threads = v; });
  for (int v : {-1, 3, 4}) refused("--warmup", [&](TrainConfig& c) { c.warmup = v; });
  for (double v : {0.0, -0.0, -0.1, kNan, kInf, -kInf, 101.0, 1e300, 1e-300}) refused("--lr", [&](TrainConfig& c) { c.lr = v; });
  for (double v : {-0.1, 1.0, 2.0, kNan, kInf}) refused("--momentum", [&](TrainConfig& c) { c.momentum = v; });
  for (double v : {-1e-4, 1.5, kNan, kInf}) refused("--weight-decay", [&](TrainConfig& c) { c.weight_decay = v; });
  for (const char* v : {"", "Cosine", "linear"}) refused("--schedule", [&](TrainConfig& c) { c.schedule = v; });
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
}

}  // namespace
}  // namespace intrain
