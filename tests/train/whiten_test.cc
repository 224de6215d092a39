#include "train/whiten.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <vector>

#include "data/whitening.h"
#include "nn/builder.h"
#include "settings/recipe.h"
#include "support/temp_folder.h"
#include "support/trainer_in_memory.h"

namespace intrain {
namespace {

using test::expect_error;

class Whitening : public test::TrainerInMemory {};

// The first layer's outputs have no second moments between them, from the beginning to the end and over a stop.
TEST_F(Whitening, WhitensInItsFirstLayer) {
  TrainConfig config = config_;
  config.whiten = true;
  const auto net_of = [](int filters) {
    return [filters](int h, int w, int c, int classes) {
      NetBuilder net(h, w, c, classes);
      return net.linear_logits(net.global_average_pool(net.conv_bn_relu(net.input(), {.k = filters, .size = 2})));
    };
  };
  Trainer whole(config, data_, {.build = net_of(8)});
  const FitResult expected = whole.fit(silent_);
  const Parameter& filters = *whole.net().parameters().front();
  EXPECT_TRUE(filters.frozen);
  const std::vector<int64_t> moments = patch_moments(data_.train, whole.normalization(), 2, 2);
  const auto moment = [&](size_t p, size_t q) {
    double sum = 0;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j)
        sum += std::ldexp(filters.master[p * 4 + i], -24) * static_cast<double>(moments[i * 4 + j]) *
               std::ldexp(filters.master[q * 4 + j], -24);
    return sum;
  };
  for (size_t p = 0; p < 4; ++p) {
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(filters.master[16 + 4 * p + i], -filters.master[4 * p + i]);
    for (size_t q = 0; q < p; ++q) {
      EXPECT_LT(std::fabs(moment(p, q)), moment(0, 0) * 1e-5);
      EXPECT_LE(moment(p, p), moment(q, q) * (1 + 1e-5)) << "the largest first";
    }
  }
  EXPECT_GT(moment(3, 3), moment(0, 0) * 1e-4) << "the bound says something";

  test::Stopper stopper;
  stopper.after = 3;
  Trainer first(config, data_, {.build = net_of(8)});
  first.fit(stopper, &stopper.stop);
  const Checkpoint state = first.state();
  Trainer second(config, data_, {.build = net_of(8), .resume = &state});
  EXPECT_EQ(second.fit(silent_).signature, expected.signature);

  expect_error([&] { Trainer(config, data_, {.build = net_of(9)}); }, "9 filters of 2x2 pixels", "whiten");
  expect_error([&] { Trainer(config, data_); }, "no convolution of all channels", "whiten");
  const std::atomic<int> stop{1};
  expect_error([&] { whiten_first_layer(first.net(), data_.train, first.normalization(), &stop); }, "stopped", "");

  // Another run takes the filters as they are, of whatever images it has.
  DataSplits others = data_;
  others.train.images = Pixels(std::vector<uint8_t>(static_cast<size_t>(data_.train.count * data_.train.image_size()), 9));
  config.init_from = "the state in memory";
  Trainer third(config, others, {.build = net_of(8), .begin = &state});
  third.fit(silent_);
  const Parameter& kept = *third.net().parameters().front();
  EXPECT_TRUE(kept.frozen);
  EXPECT_TRUE(std::equal(kept.master.begin(), kept.master.end(), filters.master.begin(), filters.master.end()));
}

TEST_F(Whitening, RefusesImagesThatAreAllAlike) {
  TrainConfig config = config_;
  config.whiten = true;
  DataSplits alike = data_;
  alike.train.images = Pixels(std::vector<uint8_t>(static_cast<size_t>(data_.train.count * data_.train.image_size()), 9));
  const auto build = [](int h, int w, int c, int classes) {
    NetBuilder net(h, w, c, classes);
    return net.linear_logits(net.global_average_pool(net.conv_bn_relu(net.input(), {.k = 8, .size = 2})));
  };
  expect_error([&] { Trainer(config, alike, {.build = build}); }, "all pixels of the images are alike", "whiten");
}

// A channel that is the same everywhere is an eigenvector by itself, of length 1: more than WAGEUBN's stored W holds.
TEST_F(Whitening, WhitensWithinTheStoredWeights) {
  TrainConfig config = config_;
  apply_recipe(config, "wageubn");
  config.whiten = true;
  DataSplits data = data_;
  for (Dataset* set : {&data.train, &data.test}) {
    std::vector<uint8_t> pixels;
    for (int64_t i = 0; i < set->count * set->image_size(); ++i) pixels.insert(pixels.end(), {set->image(0)[i], 7});
    set->images = Pixels(std::move(pixels));
    set->c = 2;
  }
  const auto build = [](int h, int w, int c, int classes) {
    NetBuilder net(h, w, c, classes);
    return net.linear_logits(net.global_average_pool(net.conv_bn_relu(net.input(), {.k = 16, .size = 2})));
  };
  Trainer first(config, data, {.build = build});
  const Parameter& filters = *first.net().parameters().front();
  EXPECT_EQ(*std::max_element(filters.master.begin(), filters.master.end()), (1 << 24) - 2);
  const Checkpoint state = first.state();
  const FitResult expected = first.fit(silent_);
  Trainer second(config, data, {.build = build, .resume = &state});
  EXPECT_EQ(second.fit(silent_).signature, expected.signature);
}

}  // namespace
}  // namespace intrain
