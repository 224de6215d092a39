// A device's memory in this process, and nets for it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "exchange/firmware/firmware_plan.h"
#include "micro/forward.h"
#include "micro/signature.h"
#include "micro/step.h"
#include "support/nets.h"

namespace intrain::test {

constexpr SgdStep kPlanStep{.rate = {524, -16}, .mom = {922, -10}, .decay = {839, -23}, .seed = 7, .step = 0};

using Make = Net (*)();

// A chain of each kind of layer.
inline Net each_in_a_chain() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .pad = 1});
  x = net.max_pool(x, 3, 2, 1);
  x = net.conv_bn_relu6(x, {.k = 12, .size = 3, .pad = 1, .groups = 4});
  x = net.conv_relu(x, {.k = 16, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(net.linear_relu(x, 20));
}
inline Net averaging_chain() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(net.global_average_pool(net.conv_bn_relu(x, {.k = 12, .size = 3, .pad = 1})));
}
inline Net signal_chain() {
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
  void set_rate(Scalar10 rate) { EXPECT_TRUE(micro::set_rate(arena(), rate)); }
  std::vector<int32_t> train(const Batch& image) {
    show(image);
    const int32_t* logits = micro::train_step(net_, arena(), image.labels[0]);
    return {logits, logits + net_.classes};
  }
  uint64_t signature() { return micro::signature(net_, arena()); }

 private:
  static constexpr uint64_t kDirty = 0xa5a5a5a5a5a5a5a5;
  const FirmwarePlan& plan_;
  micro::Net net_;
  std::vector<uint64_t> memory_;
};

// Prepared for batches of 1, with the parameters and statistics of some training on larger ones. The last `learning_layers` learn; 0: for evaluation.
inline Net trained(Make make, bool momentum, int learning_layers) {
  ReadyNet large(make(), 8);
  for (uint32_t step = 0; step < 4; ++step) large.train(synthetic_batch(8, 8 * static_cast<int>(step)), 51, step);
  Net net = make();
  net.keep_momentum(momentum);
  if (learning_layers > 0) freeze_for_device(net, learning_layers);
  net.prepare(1, learning_layers > 0, std::make_shared<Runtime>(1));
  net.initialize(1);
  take_all_but_momentum(net, large.net);
  net.quantize_parameters();
  return net;
}

}  // namespace intrain::test
