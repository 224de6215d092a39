// The tables of src/micro/ against the library: the same logits, and the same state after any number of steps.
#include "exchange/firmware/firmware_plan.h"

#include <gtest/gtest.h>

#include "checkpoint/signature.h"
#include "core/hash.h"
#include "micro/forward.h"
#include "micro/hash.h"
#include "micro/signature.h"
#include "micro/step.h"
#include "models/models.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

constexpr SgdStep kPlanStep{.rate = {524, -16}, .mom = {922, -10}, .decay = {839, -23}, .seed = 7, .step = 0};

// A chain of each kind of layer.
Net each_in_a_chain() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .pad = 1});
  x = net.max_pool(x, 3, 2, 1);
  x = net.conv_bn_relu6(x, {.k = 12, .size = 3, .pad = 1, .groups = 4});
  x = net.conv_relu(x, {.k = 16, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(net.linear_relu(x, 20));
}
Net averaging_chain() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(net.global_average_pool(net.conv_bn_relu(x, {.k = 12, .size = 3, .pad = 1})));
}
Net signal_chain() {
  NetBuilder net(1, 144, 1, 10);
  Value* x = net.conv_relu(net.input(), {.k = 6, .size = 9, .stride = 4, .pad = 4, .height = 1});
  return net.linear_logits(net.conv_bn_relu(x, {.k = 8, .size = 5, .stride = 2, .pad = 2, .height = 1}));
}

// Memory of a device: guards around, and dirty before.
class Device {
 public:
  explicit Device(const FirmwarePlan& plan) : plan_(plan), net_(plan.runnable()), memory_(net_.arena_bytes / 8 + 3, kDirty) {
    micro::reset(net_, arena());
  }
  ~Device() {
    EXPECT_EQ(memory_.front(), kDirty);
    EXPECT_EQ(memory_.back(), kDirty);
  }
  uint8_t* arena() { return reinterpret_cast<uint8_t*>(memory_.data() + 1); }
  const micro::Net& net() const { return net_; }
  void show(const Batch& image) { std::memcpy(arena() + net_.input, image.images.data(), image.images.size()); }
  std::vector<int32_t> predict(const Batch& image) {
    show(image);
    const int32_t* logits = micro::forward(net_, arena());
    return {logits, logits + net_.classes};
  }
  void set_rate(Scalar10 rate) { EXPECT_TRUE(micro::set_rate(net_, arena(), rate)); }
  std::vector<int32_t> train(const Batch& image) {
    show(image);
    const int32_t* logits = micro::train_step(net_, arena(), image.labels[0]);
    return {logits, logits + net_.classes};
  }
  uint64_t signature() { return micro::signature(net_, arena()); }
  // Parameters and momentum, as state_of() has them.
  std::vector<std::vector<uint8_t>> state() {
    std::vector<std::vector<uint8_t>> list;
    const auto bytes = [&](uint32_t at, int64_t count) { list.emplace_back(arena() + at, arena() + at + count); };
    for (const micro::Layer& layer : plan_.layers)
      for (const micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta}) {
        if (t->count == 0) continue;
        bytes(t->master, int64_t{t->count} * 4);
        if (t->momentum == micro::kNone) continue;
        bytes(t->momentum, int64_t{t->count} * 2);
        bytes(t->momentum_exp, 4);
      }
    return list;
  }

 private:
  static constexpr uint64_t kDirty = 0xa5a5a5a5a5a5a5a5;
  const FirmwarePlan& plan_;
  micro::Net net_;
  std::vector<uint64_t> memory_;
};

// Prepared for batches of 1, with the parameters and statistics of some training on larger ones.
Net trained(Net (*make)(), bool momentum, bool training = true) {
  ReadyNet large(make(), 8);
  for (uint32_t step = 0; step < 4; ++step) large.train(synthetic_batch(8, 8 * static_cast<int>(step)), 51, step);
  Net net = make();
  net.keep_momentum(momentum);
  net.freeze_statistics(true);
  net.prepare(1, training, std::make_shared<Runtime>(1));
  net.initialize(1);
  for (const StateArray& to : net.state())
    for (const StateArray& from : large.net.state())
      if (from.name == to.name && from.name.find("momentum") == std::string::npos)
        std::memcpy(to.data, from.data, static_cast<size_t>(from.count * element_bytes(from.type)));
  net.quantize_parameters();
  return net;
}

TEST(Firmware, PredictsAsTheNetEvaluates) {
  for (const auto make : {each_in_a_chain, averaging_chain, signal_chain, biases})
    for (const FirmwareMode mode : {FirmwareMode::kInfer, FirmwareMode::kFull}) {
      Net net = trained(make, true, false);
      const FirmwarePlan plan = plan_firmware(net, mode, kPlanStep);
      Device device(plan);
      for (int i = 0; i < 20; ++i) {
        const Batch image = synthetic_batch(1, i);
        net.evaluate(image);
        EXPECT_EQ(device.predict(image), logits_of(net, 1));
      }
    }
}

TEST(Firmware, LearnsAsTheNetDoes) {
  for (const bool momentum : {true, false})
    for (const auto make : {each_in_a_chain, averaging_chain, signal_chain, biases}) {
      Net net = trained(make, momentum);
      SgdStep step = kPlanStep;
      if (!momentum) step.mom = {};
      const FirmwarePlan plan = plan_firmware(net, FirmwareMode::kFull, step);
      Device device(plan);
      for (uint32_t i = 0; i < 50; ++i) {
        const Batch image = synthetic_batch(1, static_cast<int>(i));
        step.step = i;
        if (i == 30) device.set_rate(step.rate = {700, -18});
        train_step(net, image, step);
        EXPECT_EQ(device.train(image), logits_of(net, 1)) << "step " << i;
      }
      std::vector<std::vector<uint8_t>> expected = state_of(net);
      for (const StateArray& a : net.state())
        if (a.type == ElementType::kS64) expected.pop_back();  // running statistics come last
      EXPECT_EQ(device.state(), expected);
      EXPECT_EQ(device.signature(), state_signature(net.state(), 50));
    }
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

TEST(Firmware, RefusesWhatItDoesNotHave) {
  const auto refused = [](Net net, const char* message, const char* setting) {
    net.prepare(1, false, std::make_shared<Runtime>(1));
    net.initialize(1);
    expect_error([&] { plan_firmware(net, FirmwareMode::kInfer, kPlanStep); }, message, setting);
  };
  refused(cifar_resnet(8, 12, 12, 1, 10), "it adds another", "model");
  refused(one_of_each_stream(), "pre-activation", "model");
  Net narrow = each_in_a_chain();
  narrow.set_widths({.w = 6});
  refused(std::move(narrow), "other number formats", "formats");
}

}  // namespace
}  // namespace intrain::test
