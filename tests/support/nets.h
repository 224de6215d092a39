// Nets ready to run and batches to run them on.
#pragma once

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/batch.h"
#include "data/normalization.h"
#include "data/synthetic.h"
#include "isa/isa.h"
#include "models/residual_blocks.h"
#include "nn/builder.h"
#include "nn/net.h"
#include "ops/kernels.h"
#include "optim/schedule.h"
#include "support/rng.h"
#include "train/step.h"

namespace intrain::test {

struct RunSettings {
  Isa isa = select_isa();
  int threads = 1;
  bool training = true;
  uint64_t seed = 1;
  const ops::TileKernel* tile = nullptr;       // instead of the instruction set's
  std::shared_ptr<Runtime> runtime = nullptr;  // instead of all these
};

struct ReadyNet {
  Net net;

  ReadyNet(Net n, int max_batch, const RunSettings& s = {}) : net(std::move(n)) {
    ops::Kernels kernels = ops::make_kernels(s.isa);
    if (s.tile != nullptr) kernels.tile = s.tile;
    net.keep_gradients();
    net.prepare(max_batch, s.training, s.runtime ? s.runtime : std::make_shared<Runtime>(kernels, s.threads, s.threads));
    net.initialize(s.seed);
  }
  // Momentum 0.9, no decay.
  void train(const Batch& batch, int64_t rate_q10, uint32_t step) {
    const Scalar10 momentum = round_scalar10(922, -10);
    train_step(net, batch, {round_scalar10(rate_q10, -10), momentum, {}, 5, step});
  }
};

// What a net learned and counted, to another one of the same layers.
inline void take_all_but_momentum(Net& to, Net& from) {
  for (const StateArray& target : to.state())
    for (const StateArray& source : from.state())
      if (source.name == target.name && source.name.find("momentum") == std::string::npos)
        std::memcpy(target.data, source.data, static_cast<size_t>(source.count * element_bytes(source.type)));
}

// Images [first, first + count) of 256 generated ones: 12 x 12 x 1, 10 classes.
inline Batch synthetic_batch(int count, int first = 0) {
  static const DataSplits data = make_synthetic(256, 1);
  static const Normalization norm = make_normalization(data.train);
  Batch batch{count, {}, {}};
  for (int i = first; i < first + count; ++i) {
    for (int64_t p = 0; p < data.train.image_size(); ++p) batch.images.push_back(norm.table[0][data.train.image(i)[p]]);
    batch.labels.push_back(data.train.labels[static_cast<size_t>(i)]);
  }
  return batch;
}

// Noise with random labels: for shapes that the generated data set does not have.
inline Batch random_batch(uint64_t seed, int count, int h, int w, int c, int classes) {
  Rng rng(seed);
  Batch batch{count, random_vector<int8_t>(rng, Fill::kUniform, int64_t{count} * h * w * c, -64, 64), {}};
  for (int i = 0; i < count; ++i) batch.labels.push_back(static_cast<int32_t>(rng.range(0, classes - 1)));
  return batch;
}

inline std::vector<int32_t> logits_of(const Net& net, int count) {
  return {net.logits(), net.logits() + int64_t{count} * net.classes()};
}

struct Gradient {
  int exp;
  std::vector<int64_t> values;
  bool operator==(const Gradient&) const = default;
};
inline std::vector<Gradient> gradients_of(const Net& net) {
  std::vector<Gradient> list;
  for (const Parameter* p : net.parameters()) list.push_back({p->grad_exp, {p->grad.begin(), p->grad.end()}});
  return list;
}

// Every state array as bytes, in order.
inline std::vector<std::vector<uint8_t>> state_of(Net& net) {
  std::vector<std::vector<uint8_t>> list;
  for (const StateArray& a : net.state()) {
    const uint8_t* bytes = static_cast<const uint8_t*>(a.data);
    list.emplace_back(bytes, bytes + a.count * element_bytes(a.type));
  }
  return list;
}

// Arrays of the same name.
inline void copy_state(Net& from, Net& to) {
  for (const StateArray& d : to.state())
    for (const StateArray& s : from.state())
      if (s.name == d.name) std::memcpy(d.data, s.data, static_cast<size_t>(s.count * element_bytes(s.type)));
  to.quantize_parameters();
}

// One of each layer, on images of 12 x 12 x 1 with 10 classes: an image and a u8 source, groups, depthwise, strides, an identity
// and two projected shortcuts, a block after a block, both pools, both linear layers, channels that fill no vector.
inline Net one_of_each() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 12, .size = 3, .pad = 1});
  x = net.conv_bn_relu(x, {.k = 12, .size = 3, .pad = 1, .groups = 12});
  x = net.conv_bn_relu(x, {.k = 24, .size = 1});
  Value* shortcut = net.conv_bn(x, {.k = 20, .size = 1, .stride = 2});
  Value* y = net.conv_bn_relu(x, {.k = 12, .size = 3, .stride = 2, .pad = 1, .groups = 3});
  x = net.conv_bn_add_relu(y, {.k = 20, .size = 3, .pad = 1}, shortcut);
  y = net.conv_bn_relu(x, {.k = 7, .size = 3, .pad = 1});
  x = net.conv_bn_add_relu(y, {.k = 20, .size = 3, .pad = 1}, x);
  x = net.max_pool(x, 3, 2, 1);
  x = net.linear_relu(x, 33);
  return net.linear_logits(x);
}

// Everything of MobileNetV2 on such images, and what its layers allow beside: a linear output that adds u8, s8 or a normalized value, an s8
// shortcut before a ReLU, ReLU6 with a shortcut, s8 into a linear layer.
inline Net inverted_residuals() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu6(net.input(), {.k = 16, .size = 3, .pad = 1});
  x = inverted_residual_block(net, x, 16, 1, 1);
  x = inverted_residual_block(net, x, 24, 2, 3);
  x = inverted_residual_block(net, x, 24, 1, 2);
  Value* shortcut = net.conv_bn(x, {.k = 20, .size = 1});
  Value* y = net.conv_bn_relu(x, {.k = 10, .size = 3, .pad = 1});
  x = net.conv_bn_linear(y, {.k = 20, .size = 1}, shortcut);
  y = net.conv_bn_relu6(x, {.k = 20, .size = 3, .pad = 1, .groups = 20});
  x = net.conv_bn_add_relu(y, {.k = 20, .size = 1}, x);
  y = net.conv_bn_relu(x, {.k = 14, .size = 1});
  x = net.conv_bn_relu6(y, {.k = 20, .size = 1}, x);
  x = net.conv_bn_linear(x, {.k = 9, .size = 3, .stride = 2, .pad = 1});
  return net.linear_logits(x);
}

// Shortcuts without parameters on such images: a block of the paper's; s8 that is added to s8; more zeros behind than before, at a stride that
// leaves a rest, read by a convolution and then added to a stream; channels or pixels alone.
inline Net padded_shortcuts() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 10, .size = 3, .pad = 1});
  x = basic_block_a(net, x, 10, 1);
  x = basic_block_a(net, x, 21, 2);
  Value* y = net.conv_bn_linear(x, {.k = 12, .size = 1});
  Value* shortcut = net.pad_shortcut(y, {.channels = 17, .stride = 1, .before = 5});
  x = net.conv_bn_linear(net.conv_bn_relu(y, {.k = 9, .size = 3, .pad = 1}), {.k = 17, .size = 1}, shortcut);
  x = net.conv_bn_relu(x, {.k = 8, .size = 1});
  x = net.pad_shortcut(x, {.channels = 8, .stride = 2});
  x = net.pad_shortcut(x, {.channels = 11, .stride = 2, .before = 0});
  y = net.conv_bn_relu(x, {.k = 11, .size = 3, .pad = 1});
  return net.linear_logits(net.conv_add_stream(y, {.k = 11, .size = 1}, x).relu);
}

// Signals of 144 values, images of one row: convolutions of one row with batch norm and with a bias, of stride, groups and each channel alone, a
// kernel of one row on a map of more.
inline Net signals() {
  NetBuilder net(1, 144, 1, 10);
  Value* x = net.conv_relu(net.input(), {.k = 8, .size = 9, .stride = 2, .pad = 4, .height = 1});
  x = net.conv_relu(x, {.k = 12, .size = 5, .stride = 2, .pad = 2, .groups = 2, .height = 1});
  x = net.conv_bn_relu(x, {.k = 12, .size = 3, .pad = 1, .groups = 12, .height = 1});
  x = net.conv_bn_add_relu(net.conv_relu(x, {.k = 7, .size = 3, .pad = 2, .height = 1}), {.k = 12, .size = 3, .height = 1}, x);
  return net.linear_logits(net.global_average_pool(x));
}

// Images without batch norm.
inline Net biases() {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_relu(net.input(), {.k = 12, .size = 3, .pad = 1});
  x = net.conv_relu(x, {.k = 12, .size = 3, .stride = 2, .pad = 1, .groups = 12});
  x = net.conv_relu(x, {.k = 20, .size = 5, .pad = 2, .height = 2});
  x = net.conv_relu(net.max_pool(x, 2, 2, 0), {.k = 21, .size = 1});
  return net.linear_logits(net.linear_relu(x, 33));
}

// One of each layer of pre-activation nets, on the same images: a stream that starts at the images, at an activation, and at a shortcut's
// convolution; an identity; groups; channels that fill no vector; a layer v1 behind them.
inline Net one_of_each_stream() {
  NetBuilder net(12, 12, 1, 10);
  Stream x = net.conv_add_stream(net.input(), {.k = 12, .size = 3, .pad = 1}, nullptr);
  Value* y = net.conv_bn_relu(x.relu, {.k = 7, .size = 3, .pad = 1});
  x = net.conv_add_stream(y, {.k = 12, .size = 1}, x.sum);
  Value* shortcut = net.conv_stream(x.relu, {.k = 20, .size = 1, .stride = 2});
  y = net.conv_bn_relu(x.relu, {.k = 8, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_add_stream(y, {.k = 20, .size = 3, .pad = 1, .groups = 4}, shortcut);
  Value* pooled = net.max_pool(net.conv_bn_add_relu(x.relu, {.k = 20, .size = 3, .pad = 1}, x.relu), 2, 2, 0);
  x = net.conv_add_stream(net.conv_bn_relu(pooled, {.k = 9, .size = 1}), {.k = 20, .size = 3, .pad = 1}, pooled);
  return net.linear_logits(net.linear_relu(x.relu, 33));
}

}  // namespace intrain::test
