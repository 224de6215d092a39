// The forward and the backward pass of whole nets against the same net in double: how well the integer gradients point, and that they are neither
// too short nor too long. E2 is rounded stochastically to 8 bits in each layer of the backward pass, so a single gradient of an early
// layer is noisy; its mean over rounding seeds must not be biased.
//
// What remains in the mean comes from the forward pass: W, x_hat and activations of 8 bits, and ReLU masks that flip near zero.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <numeric>

#include "models/models.h"
#include "models/residual_blocks.h"
#include "support/float_net.h"
#include "support/nets.h"
#include "support/oracle.h"

namespace intrain::test {
namespace {

constexpr uint64_t kRoundingSeeds = 6;

// The integer gradient of one parameter against a reference's.
struct Agreement {
  double worst_cosine = 1;  // of the single gradients
  double mean_cosine = 0;   // of their mean over the rounding seeds
  double gain = 0;          // <mean, reference> / <reference, reference>
};

double gain(const Reals& got, const Reals& expected) {
  double ge = 0, ee = 0;
  for (size_t i = 0; i < got.size(); ++i) ge += got[i] * expected[i], ee += expected[i] * expected[i];
  return ge / ee;
}

double norm(const Reals& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); }

// For W, and for the short vectors gamma, beta and bias. gain: the largest distance from 1.
struct Bounds {
  double logits;
  double worst_cosine[2], mean_cosine[2], gain[2];
  double all_weights_gain;  // the same for the mean over all W
};
// What is lost with respect to real arithmetic: mostly masks. A positive x_hat below half a step, 1/32, rounds to zero and stops
// the gradient, which is 2.5 % of a ReLU's open half: the gain falls by about that much with each ReLU of the backward pass. Where the real
// gradient of a short vector nearly cancels, as that of a beta can, its gain says little.
constexpr Bounds kAgainstReal{0.995, {0.82, 0.55}, {0.85, 0.60}, {0.28, 0.90}, 0.15};
// What is lost in the backward pass alone; the forward passes still differ in a few ties and what follows from them.
constexpr Bounds kAgainstEightBits{0.999, {0.94, 0.65}, {0.96, 0.90}, {0.12, 0.20}, 0.05};

// `describe` builds the same net with FloatNet and returns its logits.
// frozen: the statistics of the batch norms, or none.
template <class Describe>
void compare_with_float(ReadyNet& ready, const Batch& batch, const std::string& title, const Describe& describe,
                        const std::vector<FloatNet::Statistics>& frozen = {}) {
  Net& net = ready.net;
  const std::vector<Parameter*>& parameters = net.parameters();
  const size_t count = parameters.size();
  std::vector<Reals> mean(count);
  std::vector<std::vector<Reals>> single(kRoundingSeeds, std::vector<Reals>(count));
  std::vector<double> logits;
  for (uint64_t seed = 0; seed < kRoundingSeeds; ++seed) {
    net.forward(batch);
    logits = to_real(logits_of(net, batch.count), net.logits_exp());
    net.backward(batch, seed, 0);
    for (size_t i = 0; i < count; ++i) {
      single[seed][i] =
          to_real(std::vector<int64_t>(parameters[i]->grad.begin(), parameters[i]->grad.end()), parameters[i]->grad_exp);
      mean[i].resize(single[seed][i].size());
      for (size_t j = 0; j < mean[i].size(); ++j) mean[i][j] += single[seed][i][j] / kRoundingSeeds;
    }
  }

  std::vector<Agreement> table[2];
  // A shift before a 1x1 convolution without padding and its batch norm changes nothing: the beta of a linear bottleneck has no gradient but
  // for rounding.
  std::vector<bool> vanishes(count);
  for (const Grid grid : {Grid::kReal, Grid::kEightBits}) {
    const Bounds bounds = grid == Grid::kReal ? kAgainstReal : kAgainstEightBits;
    FloatNet reference(FloatNet::real_parameters(parameters, grid), grid, batch, net.height(), net.width(), net.channels());
    reference.freeze_statistics(frozen);
    RealTensor* reference_logits = describe(reference);
    reference.softmax_xent(reference_logits);
    const double logits_cosine = cosine(logits, reference_logits->v);
    std::printf("%s: cosine of the logits with %s %.6f\n", title.c_str(), grid == Grid::kReal ? "float" : "8-bit forward",
                logits_cosine);
    EXPECT_GE(logits_cosine, bounds.logits) << title;
    double weights = 0, weights_gain = 0;
    for (size_t i = 0; i < count; ++i) {
      const Reals& expected = reference.gradients()[i];
      Agreement a{1, cosine(mean[i], expected), gain(mean[i], expected)};
      for (const auto& gradients : single) a.worst_cosine = std::min(a.worst_cosine, cosine(gradients[i], expected));
      table[static_cast<int>(grid)].push_back(a);
      if (grid == Grid::kReal) vanishes[i] = norm(expected) < 1e-9 * norm(reference.gradients().back());
      if (vanishes[i]) continue;
      const std::string where =
          title + ", " + parameters[i]->name + (grid == Grid::kReal ? " against float" : " against 8-bit forward");
      const bool weight = parameters[i]->shape.size() > 1;
      EXPECT_GE(a.worst_cosine, bounds.worst_cosine[!weight]) << where;
      EXPECT_GE(a.mean_cosine, bounds.mean_cosine[!weight]) << where;
      EXPECT_NEAR(a.gain, 1, bounds.gain[!weight]) << where;
      if (weight) weights += 1, weights_gain += a.gain;
    }
    std::printf("  mean gain of W: %.4f\n", weights_gain / weights);
    EXPECT_NEAR(weights_gain / weights, 1, bounds.all_weights_gain) << title;
  }
  EXPECT_GE(table[0].front().worst_cosine, 0.85) << title;
  EXPECT_GE(table[0][count - 2].worst_cosine, 0.99) << title;  // W of the last layer
  std::printf("  %-15s %7s | float: worst, mean cosine, gain | 8-bit forward: the same\n", "parameter", "values");
  for (size_t i = 0; i < count; ++i) {
    const Agreement &f = table[0][i], &q = table[1][i];
    std::printf("  %-15s %7ld | %8.4f %8.4f %8.4f | %8.4f %8.4f %8.4f\n", parameters[i]->name.c_str(),
                static_cast<long>(mean[i].size()), f.worst_cosine, f.mean_cosine, f.gain, q.worst_cosine, q.mean_cosine, q.gain);
  }
}

// gamma and beta as after a training: of either sign, none at a special value.
void scatter_gamma_and_beta(Net& net) {
  Rng rng(3);
  for (Parameter* p : net.parameters())
    for (int32_t& m : p->master) {
      if (p->name.ends_with(".gamma")) m = static_cast<int32_t>(rng.range(1 << 23, 3 << 23) * (rng.range(0, 3) == 0 ? -1 : 1));
      if (p->name.ends_with(".beta")) m = static_cast<int32_t>(rng.range(-(1 << 24), 1 << 24));
    }
  net.quantize_parameters();
}

RealTensor* basic_block(FloatNet& net, RealTensor* x, int width, int stride) {
  RealTensor* shortcut = stride == 1 ? x : net.conv_bn(x, {.k = width, .size = 1, .stride = stride});
  RealTensor* y = net.conv_bn_relu(x, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_bn_add_relu(y, {.k = width, .size = 3, .pad = 1}, shortcut);
}

RealTensor* resnet8(FloatNet& net) {
  RealTensor* x = net.conv_bn_relu(net.input(), {.k = 16, .size = 3, .pad = 1});
  x = basic_block(net, x, 16, 1);
  x = basic_block(net, x, 32, 2);
  x = basic_block(net, x, 64, 2);
  return net.linear(net.global_average_pool(x), 10);
}

TEST(FloatNet, GradientsAreThoseOfFiniteDifferences) {
  ReadyNet ready(one_of_each(), 4);
  const Batch batch = synthetic_batch(4);
  const std::vector<Reals> at = FloatNet::real_parameters(ready.net.parameters(), Grid::kReal);
  const auto loss = [&](const std::vector<Reals>& parameters, std::vector<Reals>* gradients) {
    FloatNet net(parameters, Grid::kReal, batch, 12, 12, 1);
    RealTensor* x = net.conv_bn_relu(net.input(), {.k = 12, .size = 3, .pad = 1});
    x = net.conv_bn_relu(x, {.k = 12, .size = 3, .pad = 1, .groups = 12});
    x = net.conv_bn_relu(x, {.k = 24, .size = 1});
    RealTensor* shortcut = net.conv_bn(x, {.k = 20, .size = 1, .stride = 2});
    RealTensor* y = net.conv_bn_relu(x, {.k = 12, .size = 3, .stride = 2, .pad = 1, .groups = 3});
    x = net.conv_bn_add_relu(y, {.k = 20, .size = 3, .pad = 1}, shortcut);
    y = net.conv_bn_relu(x, {.k = 7, .size = 3, .pad = 1});
    x = net.conv_bn_add_relu(y, {.k = 20, .size = 3, .pad = 1}, x);
    x = net.linear_relu(net.max_pool(x, 3, 2, 1), 33);
    const double l = net.softmax_xent(net.linear(x, 10));
    if (gradients != nullptr) *gradients = net.gradients();
    return l;
  };
  std::vector<Reals> gradients;
  loss(at, &gradients);
  Rng rng(1);
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < at.size(); ++i) {
    std::vector<Reals> up = at, down = at;
    double slope = 0;
    for (size_t j = 0; j < at[i].size(); ++j) {
      const double d = rng.bits() & 1 ? 1 : -1;
      up[i][j] += kStep * d;
      down[i][j] -= kStep * d;
      slope += d * gradients[i][j];
    }
    const double measured = (loss(up, nullptr) - loss(down, nullptr)) / (2 * kStep);
    EXPECT_NEAR(measured, slope, 1e-5 + 1e-3 * std::abs(slope)) << ready.net.parameters()[i]->name;
  }
}

RealTensor* inverted_residual_block(FloatNet& net, RealTensor* x, int channels, int stride, int expansion) {
  const int width = x->c * expansion;
  RealTensor* y = expansion == 1 ? x : net.conv_bn_relu6(x, {.k = width, .size = 1});
  y = net.conv_bn_relu6(y, {.k = width, .size = 3, .stride = stride, .pad = 1, .groups = width});
  return net.conv_bn_linear(y, {.k = channels, .size = 1}, stride == 1 && x->c == channels ? x : nullptr);
}

TEST(Gradient, InvertedResidualsAgreeWithFloat) {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu6(net.input(), {.k = 16, .size = 3, .pad = 1});
  x = inverted_residual_block(net, x, 16, 1, 1);
  x = inverted_residual_block(net, x, 16, 1, 3);
  x = net.conv_bn_relu6(x, {.k = 32, .size = 1});
  ReadyNet ready(net.linear_logits(net.global_average_pool(x)), 32);
  const Batch batch = synthetic_batch(32);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "inverted residuals", [](FloatNet& f) {
    RealTensor* t = f.conv_bn_relu6(f.input(), {.k = 16, .size = 3, .pad = 1});
    t = inverted_residual_block(f, t, 16, 1, 1);
    t = inverted_residual_block(f, t, 16, 1, 3);
    t = f.conv_bn_relu6(t, {.k = 32, .size = 1});
    return f.linear(f.global_average_pool(t), 10);
  });
}

// s8 to convolutions, a sum with ReLU, and a linear layer; normalized to a linear sum; u8 to one with ReLU6.
TEST(Gradient, LinearValuesAndRelu6InEverySumAgreeWithFloat) {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu6(net.input(), {.k = 16, .size = 3, .pad = 1});
  x = net.conv_bn_linear(x, {.k = 20, .size = 1});
  Value* y = net.conv_bn_relu6(x, {.k = 20, .size = 3, .pad = 1});
  x = net.conv_bn_add_relu(y, {.k = 20, .size = 1}, x);
  y = net.conv_bn_relu(x, {.k = 14, .size = 3, .pad = 1});
  x = net.conv_bn_relu6(y, {.k = 20, .size = 1}, x);
  Value* shortcut = net.conv_bn(x, {.k = 24, .size = 1, .stride = 2});
  y = net.conv_bn_relu6(x, {.k = 20, .size = 3, .stride = 2, .pad = 1, .groups = 20});
  x = net.conv_bn_linear(y, {.k = 24, .size = 1}, shortcut);
  ReadyNet ready(net.linear_logits(x), 32);
  const Batch batch = synthetic_batch(32);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "linear values and ReLU6 in every sum", [](FloatNet& f) {
    RealTensor* t = f.conv_bn_relu6(f.input(), {.k = 16, .size = 3, .pad = 1});
    t = f.conv_bn_linear(t, {.k = 20, .size = 1});
    RealTensor* u = f.conv_bn_relu6(t, {.k = 20, .size = 3, .pad = 1});
    t = f.conv_bn_add_relu(u, {.k = 20, .size = 1}, t);
    u = f.conv_bn_relu(t, {.k = 14, .size = 3, .pad = 1});
    t = f.conv_bn_relu6(u, {.k = 20, .size = 1}, t);
    RealTensor* projected = f.conv_bn(t, {.k = 24, .size = 1, .stride = 2});
    u = f.conv_bn_relu6(t, {.k = 20, .size = 3, .stride = 2, .pad = 1, .groups = 20});
    return f.linear(f.conv_bn_linear(u, {.k = 24, .size = 1}, projected), 10);
  });
}

TEST(Gradient, ResidualNetAgreesWithFloat) {
  ReadyNet ready(cifar_resnet(8, 12, 12, 1, 10), 32);
  const Batch batch = synthetic_batch(32);
  compare_with_float(ready, batch, "resnet8 at initialization", resnet8);
  for (uint32_t step = 0; step < 20; ++step) ready.train(synthetic_batch(32, 32 + 32 * static_cast<int>(step % 4)), 51, step);
  compare_with_float(ready, batch, "resnet8 after 20 steps", resnet8);
}

// The two planes of E2 are added at their places: a lost or misplaced plane would turn the gradient, which is nearer to that of the same
// forward pass in float64 than with 8 bits of E2.
TEST(Gradient, TwoPlanesOfErrorAreFiner) {
  const Batch batch = synthetic_batch(32);
  const auto cosine_of_first = [&](const Widths& widths) {
    Net net = cifar_resnet(8, 12, 12, 1, 10);
    net.set_widths(widths);
    ReadyNet ready(std::move(net), 32);
    ready.net.forward(batch);
    ready.net.backward(batch, 1, 0);
    const std::vector<Parameter*>& list = ready.net.parameters();
    FloatNet reference(FloatNet::real_parameters(list, Grid::kEightBits), Grid::kEightBits, batch, 12, 12, 1);
    reference.softmax_xent(resnet8(reference));
    return cosine(to_real(std::vector<int64_t>(list[0]->grad.begin(), list[0]->grad.end()), list[0]->grad_exp),
                  reference.gradients()[0]);
  };
  Widths flag, wide;
  flag.flag_e2 = true;
  wide.e2 = 16;
  const double one = cosine_of_first({}), two_ranges = cosine_of_first(flag), two_planes = cosine_of_first(wide);
  std::printf("cosine of the first W's gradient: 8 bits %.4f, with a flag %.4f, 16 bits %.4f\n", one, two_ranges, two_planes);
  EXPECT_GT(two_planes, 0.985);
  EXPECT_GT(two_ranges, one);
  EXPECT_GT(two_planes, one);
}

// The three blocks, and the projection before them, share one error tensor: a lost, doubled or unmasked contribution would show
// as a gain far from one in every layer before.
TEST(Gradient, IdentityBlocksShareTheirError) {
  NetBuilder net(12, 12, 1, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 16, .size = 3, .pad = 1});
  Value* shortcut = net.conv_bn(x, {.k = 24, .size = 1, .stride = 2});
  Value* y = net.conv_bn_relu(x, {.k = 24, .size = 3, .stride = 2, .pad = 1});
  x = net.conv_bn_add_relu(y, {.k = 24, .size = 3, .pad = 1}, shortcut);
  for (int block = 0; block < 3; ++block) {
    y = net.conv_bn_relu(x, {.k = 24, .size = 3, .pad = 1});
    x = net.conv_bn_add_relu(y, {.k = 24, .size = 3, .pad = 1}, x);
  }
  ReadyNet ready(net.linear_logits(net.global_average_pool(x)), 32);
  const Batch batch = synthetic_batch(32);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "three identity blocks", [](FloatNet& f) {
    RealTensor* t = basic_block(f, f.conv_bn_relu(f.input(), {.k = 16, .size = 3, .pad = 1}), 24, 2);
    for (int block = 0; block < 3; ++block) t = basic_block(f, t, 24, 1);
    return f.linear(f.global_average_pool(t), 10);
  });
}

RealTensor* bottleneck_block(FloatNet& net, RealTensor* x, int width, int stride) {
  RealTensor* shortcut = stride == 1 && x->c == 4 * width ? x : net.conv_bn(x, {.k = 4 * width, .size = 1, .stride = stride});
  RealTensor* y = net.conv_bn_relu(x, {.k = width, .size = 1});
  y = net.conv_bn_relu(y, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_bn_add_relu(y, {.k = 4 * width, .size = 1}, shortcut);
}

RealTensor* basic_block_a(FloatNet& net, RealTensor* x, int width, int stride) {
  RealTensor* shortcut = stride == 1 ? x : net.pad_shortcut(x, {.channels = width, .stride = stride});
  RealTensor* y = net.conv_bn_relu(x, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_bn_add_relu(y, {.k = width, .size = 3, .pad = 1}, shortcut);
}

TEST(Gradient, ShortcutsWithoutParametersAgreeWithFloat) {
  ReadyNet ready(cifar_resnet_a(8, 12, 12, 1, 10), 32);
  const Batch batch = synthetic_batch(32);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "shortcuts without parameters", [](FloatNet& f) {
    RealTensor* t = f.conv_bn_relu(f.input(), {.k = 16, .size = 3, .pad = 1});
    t = basic_block_a(f, t, 16, 1);
    t = basic_block_a(f, t, 32, 2);
    t = basic_block_a(f, t, 64, 2);
    return f.linear(f.global_average_pool(t), 10);
  });
}

// The stem of the nets for large images, and their blocks: the max pool's output is projected here, and is itself a shortcut in the
// next test.
TEST(Gradient, BottleneckBlocksAfterAMaxPoolAgreeWithFloat) {
  NetBuilder net(24, 24, 3, 10);
  Value* x = net.max_pool(net.conv_bn_relu(net.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
  for (const auto& [width, stride] : {std::pair{16, 2}, {16, 1}}) x = bottleneck_block(net, x, width, stride);
  ReadyNet ready(net.linear_logits(net.global_average_pool(x)), 32);
  const Batch batch = random_batch(7, 32, 24, 24, 3, 10);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "bottleneck blocks after a max pool", [](FloatNet& f) {
    RealTensor* t = f.max_pool(f.conv_bn_relu(f.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
    for (const auto& [width, stride] : {std::pair{16, 2}, {16, 1}}) t = bottleneck_block(f, t, width, stride);
    return f.linear(f.global_average_pool(t), 10);
  });
}

TEST(Gradient, BasicBlocksAfterAMaxPoolAgreeWithFloat) {
  NetBuilder net(24, 24, 3, 10);
  Value* x = net.max_pool(net.conv_bn_relu(net.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
  for (const auto& [width, stride] : {std::pair{16, 1}, {32, 2}}) x = basic_block(net, x, width, stride);
  ReadyNet ready(net.linear_logits(net.global_average_pool(x)), 32);
  const Batch batch = random_batch(7, 32, 24, 24, 3, 10);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "basic blocks after a max pool", [](FloatNet& f) {
    RealTensor* t = f.max_pool(f.conv_bn_relu(f.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
    for (const auto& [width, stride] : {std::pair{16, 1}, {32, 2}}) t = basic_block(f, t, width, stride);
    return f.linear(f.global_average_pool(t), 10);
  });
}

template <class AnyNet, class AnyStream>
AnyStream basic_block_v2(AnyNet& net, AnyStream x, int width, int stride) {
  auto* shortcut = stride == 1 && x.relu->c == width ? x.sum : net.conv_stream(x.relu, {.k = width, .size = 1, .stride = stride});
  auto* y = net.conv_bn_relu(x.relu, {.k = width, .size = 3, .stride = stride, .pad = 1});
  return net.conv_add_stream(y, {.k = width, .size = 3, .pad = 1}, shortcut);
}

RealTensor* resnet8_v2(FloatNet& net) {
  FloatNet::Stream x = net.conv_add_stream(net.input(), {.k = 16, .size = 3, .pad = 1}, nullptr);
  for (const int width : {16, 32, 64}) x = basic_block_v2(net, x, width, width > 16 ? 2 : 1);
  return net.linear(net.global_average_pool(x.relu), 10);
}

// Every kind of stream: one that a sum adds, one that nothing adds, a shortcut's convolution.
TEST(Gradient, PreActivationNetAgreesWithFloat) {
  ReadyNet ready(cifar_resnet_v2(8, 12, 12, 1, 10), 32);
  const Batch batch = synthetic_batch(32);
  compare_with_float(ready, batch, "resnet8_v2 at initialization", resnet8_v2);
  for (uint32_t step = 0; step < 20; ++step) ready.train(synthetic_batch(32, 32 + 32 * static_cast<int>(step % 4)), 51, step);
  compare_with_float(ready, batch, "resnet8_v2 after 20 steps", resnet8_v2);
}

// As real numbers, in the order of the layers.
std::vector<FloatNet::Statistics> running_statistics(Net& net) {
  std::vector<FloatNet::Statistics> list;
  for (const StateArray& a : net.state()) {
    if (a.type != ElementType::kS64) continue;
    const auto* values = static_cast<const int64_t*>(a.data);
    const Reals reals = to_real(std::vector<int64_t>(values, values + a.count), kRunningExp);
    if (a.name.ends_with(".running_mean"))
      list.push_back({reals, {}});
    else
      list.back().variance = reals;
  }
  return list;
}

// Other statistics than the batch's, through which nothing goes back.
TEST(Gradient, FrozenStatisticsAreConstants) {
  const Batch batch = synthetic_batch(32);
  const auto compare = [&](Net net, const std::string& title, RealTensor* (*describe)(FloatNet&)) {
    ReadyNet ready(std::move(net), 32);
    for (uint32_t step = 0; step < 20; ++step) ready.train(synthetic_batch(32, 32 + 32 * static_cast<int>(step % 4)), 51, step);
    ready.net.freeze_statistics(true);
    compare_with_float(ready, batch, title, describe, running_statistics(ready.net));
  };
  compare(cifar_resnet(8, 12, 12, 1, 10), "resnet8 with frozen statistics", resnet8);
  compare(cifar_resnet_v2(8, 12, 12, 1, 10), "resnet8_v2 with frozen statistics", resnet8_v2);
}

// The sums share one error tensor: as in IdentityBlocksShareTheirError.
TEST(Gradient, StreamsShareTheirError) {
  const auto describe = [](auto& net, auto x) {
    x = basic_block_v2(net, x, 24, 2);
    for (int block = 0; block < 3; ++block) x = net.conv_add_stream(x.relu, {.k = 24, .size = 3, .pad = 1}, x.sum);
    return net.global_average_pool(x.relu);
  };
  const ConvSpec stem{.k = 16, .size = 3, .pad = 1};
  NetBuilder net(12, 12, 1, 10);
  ReadyNet ready(net.linear_logits(describe(net, net.conv_add_stream(net.input(), stem, nullptr))), 32);
  const Batch batch = synthetic_batch(32);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "four blocks of a stream",
                     [&](FloatNet& f) { return f.linear(describe(f, f.conv_add_stream(f.input(), stem, nullptr)), 10); });
}

// A max pool's output is the first block's activation and its shortcut; a bottleneck block.
TEST(Gradient, PreActivationBlocksAfterAMaxPoolAgreeWithFloat) {
  const auto bottleneck = [](auto& net, auto x, int width, int stride) {
    auto* shortcut =
        stride == 1 && x.relu->c == 4 * width ? x.sum : net.conv_stream(x.relu, {.k = 4 * width, .size = 1, .stride = stride});
    auto* y = net.conv_bn_relu(x.relu, {.k = width, .size = 1});
    y = net.conv_bn_relu(y, {.k = width, .size = 3, .stride = stride, .pad = 1});
    return net.conv_add_stream(y, {.k = 4 * width, .size = 1}, shortcut);
  };
  const auto describe = [&](auto& net, auto pooled) {
    auto x = basic_block_v2(net, pooled, 16, 1);
    return bottleneck(net, x, 16, 2).relu;
  };
  NetBuilder net(24, 24, 3, 10);
  Value* pooled = net.max_pool(net.conv_bn_relu(net.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
  ReadyNet ready(net.linear_logits(net.global_average_pool(describe(net, Stream{pooled, pooled}))), 32);
  const Batch batch = random_batch(7, 32, 24, 24, 3, 10);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "pre-activation blocks after a max pool", [&](FloatNet& f) {
    RealTensor* t = f.max_pool(f.conv_bn_relu(f.input(), {.k = 16, .size = 7, .stride = 2, .pad = 3}), 3, 2, 1);
    return f.linear(f.global_average_pool(describe(f, FloatNet::Stream{t, t})), 10);
  });
}

TEST(Gradient, ConvolutionsWithABiasAgreeWithFloat) {
  const auto describe = [](auto& net, auto* x) {
    x = net.conv_relu(x, {.k = 16, .size = 3, .pad = 1});
    x = net.conv_relu(x, {.k = 16, .size = 3, .stride = 2, .pad = 1, .groups = 16});
    return net.conv_relu(x, {.k = 24, .size = 1});
  };
  NetBuilder net(12, 12, 1, 10);
  ReadyNet ready(net.linear_logits(describe(net, net.input())), 32);
  const Batch batch = synthetic_batch(32);
  Rng rng(3);
  for (Parameter* p : ready.net.parameters())
    if (p->name.starts_with("conv") && !p->is_weight())
      for (int32_t& m : p->master) m = static_cast<int32_t>(rng.range(-(1 << 21), 1 << 22));
  ready.net.quantize_parameters();
  compare_with_float(ready, batch, "convolutions with a bias", [&](FloatNet& f) { return f.linear(describe(f, f.input()), 10); });
}

TEST(Gradient, SignalsAgreeWithFloat) {
  const auto describe = [](auto& net, auto* x) {
    x = net.conv_bn_relu(x, {.k = 16, .size = 9, .stride = 2, .pad = 4, .height = 1});
    x = net.conv_bn_relu(x, {.k = 24, .size = 5, .stride = 2, .pad = 2, .groups = 2, .height = 1});
    return net.global_average_pool(net.conv_bn_relu(x, {.k = 32, .size = 3, .height = 1}));
  };
  NetBuilder net(1, 96, 3, 10);
  ReadyNet ready(net.linear_logits(describe(net, net.input())), 32);
  const Batch batch = random_batch(7, 32, 1, 96, 3, 10);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "signals", [&](FloatNet& f) { return f.linear(describe(f, f.input()), 10); });
}

TEST(Gradient, GroupedAndDepthwiseConvolutionsAndMaxPoolAgreeWithFloat) {
  NetBuilder net(12, 12, 3, 10);
  Value* x = net.conv_bn_relu(net.input(), {.k = 24, .size = 3, .pad = 1});
  x = net.max_pool(x, 3, 2, 1);
  x = net.conv_bn_relu(x, {.k = 24, .size = 3, .pad = 1, .groups = 24});
  x = net.conv_bn_relu(x, {.k = 32, .size = 3, .stride = 2, .pad = 1, .groups = 4});
  x = net.linear_relu(x, 40);
  ReadyNet ready(net.linear_logits(x), 32);
  const Batch batch = random_batch(7, 32, 12, 12, 3, 10);
  scatter_gamma_and_beta(ready.net);
  compare_with_float(ready, batch, "grouped, depthwise, max pool, hidden linear", [](FloatNet& f) {
    RealTensor* t = f.max_pool(f.conv_bn_relu(f.input(), {.k = 24, .size = 3, .pad = 1}), 3, 2, 1);
    t = f.conv_bn_relu(t, {.k = 24, .size = 3, .pad = 1, .groups = 24});
    t = f.conv_bn_relu(t, {.k = 32, .size = 3, .stride = 2, .pad = 1, .groups = 4});
    return f.linear(f.linear_relu(t, 40), 10);
  });
}

}  // namespace
}  // namespace intrain::test
