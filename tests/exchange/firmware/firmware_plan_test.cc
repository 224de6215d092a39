// The tables of src/micro/ against the library: the same logits, and the same state after any number of steps.
#include "exchange/firmware/firmware_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "checkpoint/signature.h"
#include "core/hash.h"
#include "exchange/firmware/device.h"
#include "exchange/firmware/firmware_places.h"
#include "micro/hash.h"
#include "models/models.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr Make kChains[] = {each_in_a_chain, averaging_chain, signal_chain, biases};

TEST(Firmware, PredictsAsTheNetEvaluates) {
  for (const Make make : kChains)
    for (int learning_layers = 0; learning_layers <= parameter_layers(make()); ++learning_layers) {
      Net net = trained(make, true, learning_layers);
      const FirmwarePlan plan = plan_firmware(net, learning_layers, kPlanStep);
      Device device(plan);
      for (int i = 0; i < 10; ++i) {
        const Batch image = synthetic_batch(1, i);
        net.evaluate(image);
        EXPECT_EQ(device.predict(image), logits_of(net, 1));
      }
    }
}

// All layers, and any number of the last ones: the net with all others frozen.
TEST(Firmware, LearnsAsTheNetDoes) {
  for (const bool momentum : {true, false})
    for (const Make make : kChains)
      for (int learning_layers = 1; learning_layers <= parameter_layers(make()); ++learning_layers) {
        SCOPED_TRACE("the last " + std::to_string(learning_layers));
        Net net = trained(make, momentum, learning_layers);
        SgdStep step = kPlanStep;
        if (!momentum) step.mom = {};
        const FirmwarePlan plan = plan_firmware(net, learning_layers, step);
        Device device(plan);
        for (uint32_t i = 0; i < 30; ++i) {
          const Batch image = synthetic_batch(1, static_cast<int>(i));
          step.step = i;
          if (i == 20) device.set_rate(step.rate = {700, -18});
          train_step(net, image, step);
          ASSERT_EQ(device.train(image), logits_of(net, 1)) << "step " << i;
        }
        EXPECT_EQ(device.signature(), state_signature(net.state(), 30));
      }
}

// What stays needs no memory: neither of its own nor for a backward pass through it.
TEST(Firmware, FewerLayersThatLearnTakeLess) {
  for (const Make make : kChains) {
    uint32_t arena = 0, state = 0;
    for (int learning_layers = 1; learning_layers <= parameter_layers(make()); ++learning_layers) {
      Net net = trained(make, true, learning_layers);
      const FirmwarePlan plan = plan_firmware(net, learning_layers, kPlanStep);
      EXPECT_GT(plan.net.arena_bytes, arena);
      EXPECT_GT(plan.net.state_bytes, state);
      arena = plan.net.arena_bytes;
      state = plan.net.state_bytes;
    }
  }
}

// Beside the state no array of a step is larger than the largest weights' gradient, and that takes four bytes a weight: so the net of three
// convolutions learns wholly in the 64 KB of a board, 2 KB of them its stack.
TEST(Firmware, GradientsTakeFourBytesAWeight) {
  const auto three_convolutions = [] {
    NetBuilder net(28, 28, 1, 10);
    Value* x = net.input();
    for (const int channels : {8, 16, 32}) x = net.conv_bn_relu(x, {.k = channels, .size = 3, .stride = 2, .pad = 1});
    return net.linear_logits(net.global_average_pool(x));
  };
  Net net = three_convolutions();
  const int layers = parameter_layers(net);
  net.keep_momentum(false);
  freeze_for_device(net, layers);
  net.prepare(1, true, std::make_shared<Runtime>(1));
  net.initialize(1);
  net.quantize_parameters();
  SgdStep step = kPlanStep;
  step.mom = {};
  const FirmwarePlan plan = plan_firmware(net, layers, step);
  constexpr uint32_t kWeights = 32 * 3 * 3 * 16, kActivations = 28 * 28 + 2 * 14 * 14 * 8 + 4 * 7 * 7 * 16;
  EXPECT_LT(plan.net.arena_bytes, plan.net.state_bytes + 4 * kWeights + kActivations + 2048);
  EXPECT_LT(plan.net.arena_bytes + 2048, 60u * 1024);
}

// Of every length around stripes and blocks, in pieces of any size.
TEST(Firmware, HashIsThatOfTheLibrary) {
  Rng rng(1);
  const std::vector<uint8_t> bytes = random_vector<uint8_t>(rng, Fill::kUniform, 5000, 0, 255);
  for (size_t length = micro::Hash::kLeastBytes; length <= bytes.size(); length += length < 2200 ? 1 : 97) {
    micro::Hash hash;
    for (size_t at = 0; at < length;) {
      const size_t piece = std::min(length - at, static_cast<size_t>(rng.range(1, 200)));
      hash.add(bytes.data() + at, piece);
      at += piece;
    }
    ASSERT_EQ(hash.digest(), hash64(bytes.data(), length)) << length;
  }
}

struct OneOf {
  int size = 3, stride = 1, pad = 1, pool = 2, pool_stride = 2, most = 0;
};
// With the same arrays for all numbers but size.
uint64_t identity_of(const OneOf& n, bool learns, std::span<const int8_t> table) {
  NetBuilder net(12, 12, 1, 10);
  const ConvSpec conv{.k = 6, .size = n.size, .stride = n.stride, .pad = n.pad};
  Value* x = n.most == 6 ? net.conv_bn_relu6(net.input(), conv) : net.conv_bn_relu(net.input(), conv);
  x = net.global_average_pool(net.max_pool(x, n.pool, n.pool_stride, 0));
  Net made = net.linear_logits(x);
  const int learning_layers = learns ? parameter_layers(made) : 0;
  if (learns) freeze_for_device(made, learning_layers);
  made.prepare(1, learns, std::make_shared<Runtime>(1));
  made.initialize(1);
  return plan_firmware(made, learning_layers, kPlanStep, table).net.identity;
}

// Whatever a step computes that is no parameter which learns.
TEST(Firmware, IdentityIsOfAllThatStays) {
  std::vector<int8_t> table(256), other(256);
  other[9] = 1;
  for (const bool learns : {true, false}) {
    std::vector<uint64_t> all = {identity_of({}, learns, table), identity_of({}, learns, other)};
    EXPECT_EQ(identity_of({}, learns, table), all[0]);
    for (const OneOf& n :
         {OneOf{.size = 5}, OneOf{.stride = 2}, OneOf{.pad = 0}, OneOf{.pool = 3}, OneOf{.pool_stride = 3}, OneOf{.most = 6}})
      all.push_back(identity_of(n, learns, table));
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
    EXPECT_NE(all[0], 0u);
  }
}

TEST(Firmware, RefusesWhatItDoesNotHave) {
  const auto refused = [](Net net, const char* message, const char* setting) {
    net.prepare(1, false, std::make_shared<Runtime>(1));
    net.initialize(1);
    expect_error([&] { plan_firmware(net, 0, kPlanStep); }, message, setting);
  };
  refused(cifar_resnet(8, 12, 12, 1, 10), "it adds another", "");
  refused(one_of_each_stream(), "pre-activation", "");
  Net narrow = each_in_a_chain();
  narrow.set_widths({.w = 6});
  refused(std::move(narrow), "other number formats", "formats");

  Net large = each_in_a_chain();
  large.prepare(1, false, std::make_shared<Runtime>(1));
  large.initialize(1);
  FirmwarePlan plan = plan_firmware(large, 0, kPlanStep);
  plan.layers[0].shape.k = 1 << 25;
  expect_error([&] { choose_firmware_places(large, plan); }, "bytes of constants", "");
  expect_error([&] { plan_firmware(large, 6, kPlanStep); }, "the last 6 layers cannot learn", "");
  SgdStep nesterov = kPlanStep, weights_alone = kPlanStep, fast_biases = kPlanStep;
  nesterov.nesterov = weights_alone.decay_weights = true;
  fast_biases.bias_rate_log2 = 1;
  expect_error([&] { plan_firmware(large, 1, nesterov); }, "does not learn with this optimizer", "nesterov");
  expect_error([&] { plan_firmware(large, 1, weights_alone); }, "does not learn with this optimizer", "decay");
  expect_error([&] { plan_firmware(large, 1, fast_biases); }, "does not learn with this optimizer", "bias_lr_log2");
  EXPECT_NO_THROW(plan_firmware(large, 0, nesterov));
}

}  // namespace
}  // namespace intrain::test
