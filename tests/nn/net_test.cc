// What a whole net promises, whatever its layers compute: the same bits everywhere, state that is only changed by training.
#include "nn/net.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "analysis/inspect.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "support/isas.h"
#include "support/nets.h"
#include "support/temp_folder.h"
#include "train/metrics.h"

namespace intrain::test {
namespace {

// All that a few steps leave behind.
struct Outcome {
  std::vector<int32_t> logits, evaluated;
  std::vector<Gradient> gradients;
  std::vector<std::vector<uint8_t>> state;
  bool operator==(const Outcome&) const = default;
};

Outcome run_steps(Net net, const RunSettings& settings) {
  ReadyNet ready(std::move(net), 8, settings);
  const Batch batch = synthetic_batch(8), other = synthetic_batch(5, 8);
  Outcome outcome;
  ready.net.forward(batch);
  outcome.logits = logits_of(ready.net, 8);
  ready.net.backward(batch, 1, 0);
  outcome.gradients = gradients_of(ready.net);
  ready.train(batch, 205, 0);
  ready.train(other, 205, 1);
  ready.net.evaluate(other);
  outcome.evaluated = logits_of(ready.net, 5);
  outcome.state = state_of(ready.net);
  return outcome;
}

// Every width below its default.
constexpr Widths kNarrow = {6, 5, 7, 10, 6, 6, 7, 5, 12, 13, 9, 6, 26, false, true, true, true};

// A setting that does not reach the step would leave the outcome as it is.
TEST(Net, EveryWidthShows) {
  for (Net (*build)() : {one_of_each, one_of_each_stream}) {
    const Outcome expected = run_steps(build(), {});
    for (int Widths::*width : {&Widths::w, &Widths::a, &Widths::g, &Widths::e1, &Widths::e2, &Widths::x_hat, &Widths::gamma,
                               &Widths::beta, &Widths::mu, &Widths::sigma}) {
      Widths widths;
      widths.*width = kNarrow.*width;
      Net net = build();
      net.set_widths(widths);
      EXPECT_FALSE(run_steps(std::move(net), {}) == expected) << "width " << kNarrow.*width;
    }
    Widths nearest, flag, wide;
    nearest.nearest_e = flag.flag_e2 = true;
    wide.e2 = 16;
    for (const Widths& widths : {nearest, flag, wide}) {
      Net net = build();
      net.set_widths(widths);
      EXPECT_FALSE(run_steps(std::move(net), {}) == expected);
    }
    Widths e1;
    e1.e1 = 8;
    Net to_nearest = build(), stochastic = build();
    to_nearest.set_widths(e1);
    e1.stochastic_e1 = true;
    stochastic.set_widths(e1);
    EXPECT_FALSE(run_steps(std::move(to_nearest), {}) == run_steps(std::move(stochastic), {}));
  }
}

// A net returns the bits of the reference for any threads.
class NetOnIsa : public IsaTest {
 protected:
  void compare(const char* title, Net (*net_of)(), const Widths& widths = {}) {
    const auto build = [&] {
      Net net = net_of();
      net.set_widths(widths);
      return net;
    };
    const Outcome expected = run_steps(build(), {.isa = isa_list().front().isa, .threads = 1});
    for (int threads : {1, 2, 3}) {
      const Outcome got = run_steps(build(), {.isa = isa(), .threads = threads});
      EXPECT_EQ(got.logits, expected.logits) << title << ", threads " << threads;
      EXPECT_TRUE(got.gradients == expected.gradients) << title << ", threads " << threads;
      EXPECT_EQ(got.evaluated, expected.evaluated) << title << ", threads " << threads;
      EXPECT_TRUE(got.state == expected.state) << title << ", threads " << threads;
    }
  }
};
INTRAIN_FOR_ALL_ISAS(NetOnIsa);

TEST_P(NetOnIsa, OneOfEachLayer) { compare("one of each layer", one_of_each); }

TEST_P(NetOnIsa, Nets) {
  compare("inverted residuals", inverted_residuals);
  compare("one of each layer of pre-activation nets", one_of_each_stream);
  compare("shortcuts without parameters", padded_shortcuts);
  compare("signals", signals);
  compare("biases", biases);
  compare("resnet8", [] { return cifar_resnet(8, 12, 12, 1, 10); });
  compare("mlp", [] { return mlp(12, 12, 1, 10); });
}

TEST_P(NetOnIsa, OtherStatistics) {
  static const auto freeze = [](Net net) {
    net.freeze_statistics(true);
    return net;
  };
  static const auto take_running = [](Net net) {
    net.set_statistics(Statistics::kRunning);
    return net;
  };
  compare("frozen statistics", [] { return freeze(one_of_each()); });
  compare("frozen statistics of a stream", [] { return freeze(one_of_each_stream()); });
  compare("frozen statistics of inverted residuals", [] { return freeze(inverted_residuals()); });
  compare("running statistics", [] { return take_running(one_of_each()); });
  compare("running statistics of a stream", [] { return take_running(one_of_each_stream()); });
}

TEST_P(NetOnIsa, OtherWidths) {
  Widths wide, flag;
  wide.e2 = 16;
  flag.flag_e2 = true;
  compare("narrow numbers", one_of_each, kNarrow);
  compare("16 bits of E2", one_of_each, wide);
  compare("flag format of E2", one_of_each_stream, flag);
  compare("16 bits of E2 in inverted residuals", inverted_residuals, wide);
  compare("narrow numbers in inverted residuals", inverted_residuals, kNarrow);
  compare("narrow numbers in a stream", one_of_each_stream, kNarrow);
  compare("narrow numbers and shortcuts without parameters", padded_shortcuts, kNarrow);
  compare("narrow numbers and biases", biases, kNarrow);
  compare("16 bits of E2 and biases", biases, wide);
}

// The memory of the larger net is dirty from a full batch, and its batch is longer than its count.
TEST(Net, PartialBatchEqualsASmallerNet) {
  for (Net (*build)() : {one_of_each, one_of_each_stream}) {
    ReadyNet large(build(), 16, {.threads = 2}), small(build(), 5);
    large.net.forward(synthetic_batch(16, 20));
    large.net.backward(synthetic_batch(16, 20), 1, 1);
    large.net.initialize(1);
    copy_state(small.net, large.net);  // the running statistics too

    const Batch five = synthetic_batch(5);
    Batch longer = synthetic_batch(16);
    longer.count = 5;
    for (ReadyNet* ready : {&large, &small}) {
      const Batch& batch = ready == &large ? longer : five;
      ready->net.forward(batch);
      ready->net.backward(batch, 3, 2);
    }
    EXPECT_EQ(logits_of(large.net, 5), logits_of(small.net, 5));
    EXPECT_TRUE(gradients_of(large.net) == gradients_of(small.net));
    large.train(longer, 51, 3);
    small.train(five, 51, 3);
    EXPECT_TRUE(state_of(large.net) == state_of(small.net));
    large.net.evaluate(longer);
    small.net.evaluate(five);
    EXPECT_EQ(logits_of(large.net, 5), logits_of(small.net, 5));
  }
}

TEST(Net, EvaluationChangesNoState) {
  ReadyNet ready(one_of_each(), 8);
  ready.train(synthetic_batch(8), 51, 0);
  const auto before = state_of(ready.net);
  ready.net.evaluate(synthetic_batch(8, 8));
  EXPECT_TRUE(state_of(ready.net) == before);
}

// An image's logits are its own: no other image of the batch shows in them.
TEST(Net, EvaluationTreatsImagesAlone) {
  ReadyNet ready(one_of_each(), 8);
  ready.train(synthetic_batch(8), 51, 0);
  ready.net.evaluate(synthetic_batch(8, 8));
  const std::vector<int32_t> together = logits_of(ready.net, 8);
  std::vector<int32_t> alone;
  for (int i = 8; i < 16; ++i) {
    ready.net.evaluate(synthetic_batch(1, i));
    const std::vector<int32_t> one = logits_of(ready.net, 1);
    alone.insert(alone.end(), one.begin(), one.end());
  }
  EXPECT_EQ(alone, together);
}

TEST(Net, EvaluationOnlyNetReturnsTheSameLogits) {
  for (Net (*build)() : {one_of_each, one_of_each_stream}) {
    ReadyNet training(build(), 8), evaluation(build(), 8, {.training = false});
    for (uint32_t step = 0; step < 3; ++step) training.train(synthetic_batch(8), 51, step);
    copy_state(training.net, evaluation.net);
    for (ReadyNet* ready : {&training, &evaluation}) ready->net.evaluate(synthetic_batch(8, 8));
    EXPECT_EQ(logits_of(evaluation.net, 8), logits_of(training.net, 8));
  }
}

// A stream that saturates stays in s16 and passes its error; weights beyond 16 saturate too.
TEST(Net, SaturatedStreamsTrain) {
  ReadyNet ready(one_of_each_stream(), 8);
  for (Parameter* p : ready.net.parameters())
    if (p->name.ends_with(".weight"))
      for (int32_t& w : p->master) w = static_cast<int32_t>(clamp(int64_t{w} * 200, -INT32_MAX, INT32_MAX));
  ready.net.quantize_parameters();
  std::vector<LayerStatistics> layers;
  SgdStep step{};
  step.seed = 1;
  const Batch batch = synthetic_batch(8);
  inspect(
      ready.net, 1, [&]() -> const Batch& { return batch; }, step, 0, layers);
  int64_t saturated = 0;
  for (const LayerStatistics& layer : layers) saturated += layer.tensor[static_cast<int>(TensorKind::kStream)].saturated;
  EXPECT_GT(saturated, 0);
  ready.train(synthetic_batch(8), 51, 0);
  for (const Gradient& g : gradients_of(ready.net))
    EXPECT_TRUE(std::any_of(g.values.begin(), g.values.end(), [](int64_t v) { return v != 0; }));
}

TEST(Net, ForwardAndBackwardRepeat) {
  ReadyNet ready(one_of_each(), 8);
  const Batch batch = synthetic_batch(8);
  ready.net.forward(batch);
  const auto logits = logits_of(ready.net, 8);
  ready.net.backward(batch, 1, 7);
  const auto gradients = gradients_of(ready.net);
  EXPECT_EQ(logits_of(ready.net, 8), logits) << "backward must leave the logits";
  ready.net.forward(batch);
  EXPECT_EQ(logits_of(ready.net, 8), logits);
  ready.net.backward(batch, 1, 7);
  EXPECT_TRUE(gradients_of(ready.net) == gradients);
  for (const auto& [seed, step] : {std::pair<uint64_t, uint32_t>{2, 7}, {1, 8}, {uint64_t{1} << 40 | 1, 7}}) {
    ready.net.forward(batch);
    ready.net.backward(batch, seed, step);
    EXPECT_FALSE(gradients_of(ready.net) == gradients) << "the rounding bits depend on seed " << seed << " and step " << step;
  }
}

// The products know the maxima of their gradients, with one plane of E2 or two, and whoever makes parameters' otherwise says nothing.
TEST(Net, MaximaOfGradientsAreTheirs) {
  for (const int threads : {1, 3})
    for (const int e2 : {8, 16}) {
      Net net = one_of_each();
      Widths widths;
      widths.e2 = e2;
      net.set_widths(widths);
      ReadyNet ready(std::move(net), 8, {.threads = threads});
      const Batch batch = synthetic_batch(8);
      ready.net.forward(batch);
      ready.net.backward(batch, 1, 0);
      for (const Parameter* p : ready.net.parameters()) {
        EXPECT_EQ(p->grad_max.has_value(), e2 == 8 && p->is_weight()) << p->name;
        if (p->grad_max) EXPECT_EQ(*p->grad_max, ops::sgd_grad_max_reference({p->grad.data(), 0, p->count()})) << p->name;
      }
    }
}

// Gradients that are not kept take four bytes where they fit: the same steps.
TEST(Net, NarrowGradientsDoNotShow) {
  const Batch batch = synthetic_batch(8);
  for (const int threads : {1, 3}) {
    ReadyNet kept(one_of_each(), 8);
    Net net = one_of_each();
    net.prepare(8, true, std::make_shared<Runtime>(ops::make_kernels(select_isa()), threads, threads));
    net.initialize(1);
    const auto narrow = [](const Parameter* p) { return !p->grad32.empty(); };
    EXPECT_EQ(std::any_of(net.parameters().begin(), net.parameters().end(), narrow), select_isa() != Isa::kScalar);
    EXPECT_TRUE(std::none_of(kept.net.parameters().begin(), kept.net.parameters().end(), narrow));
    for (uint32_t step = 0; step < 3; ++step) {
      kept.train(batch, 205, step);
      train_step(net, batch, {round_scalar10(205, -10), round_scalar10(922, -10), {}, 5, step});
    }
    AccumulatedStep a(kept.net, 2), b(net, 2);
    for (AccumulatedStep* sum : {&a, &b}) {
      for (const int from : {0, 8}) sum->add(synthetic_batch(8, from), 5, 3);
      sum->update({round_scalar10(205, -10), round_scalar10(922, -10), {}, 5, 3});
    }
    EXPECT_EQ(state_of(net), state_of(kept.net)) << threads << " threads";
  }
}

TEST(Net, StateNamesEachArrayOnce) {
  for (const bool training : {true, false}) {
    ReadyNet ready(one_of_each(), 2, {.training = training});
    std::set<std::string> names;
    int64_t masters = 0;
    for (const StateArray& a : ready.net.state()) {
      EXPECT_TRUE(names.insert(a.name).second) << a.name;
      EXPECT_NE(a.data, nullptr) << a.name;
      EXPECT_GT(a.count, 0) << a.name;
      if (a.name.ends_with(".weight") || a.name.ends_with(".gamma") || a.name.ends_with(".beta") || a.name.ends_with(".bias"))
        masters += a.count;
    }
    EXPECT_EQ(masters, ready.net.parameter_count());
    EXPECT_EQ(names.count("conv0.weight.momentum"), training ? 1u : 0u);
    EXPECT_EQ(names.count("conv0.running_mean") + names.count("conv0.running_var"), 2u);
  }
}

// Loss of the first and of the last steps on one set of 128 images.
void expect_learns(const char* title, Net net, int64_t rate_q10, uint32_t steps, double accuracy) {
  ReadyNet ready(std::move(net), 32);
  Metrics first, last;
  for (uint32_t step = 0; step < steps; ++step) {
    const Batch batch = synthetic_batch(32, 32 * static_cast<int>(step % 4));
    ready.train(batch, rate_q10, step);
    const Metrics m = measure(ready.net.logits(), ready.net.logits_exp(), 32, 10, batch.labels.data());
    if (step < 4) first += m;
    if (step + 4 >= steps) last += m;
  }
  std::printf("%s: loss %.3f at first, %.3f and accuracy %.3f after %u steps\n", title, first.mean_loss(), last.mean_loss(),
              last.accuracy(), steps);
  EXPECT_LT(last.mean_loss(), first.mean_loss() / 2) << title;
  EXPECT_GE(last.accuracy(), accuracy) << title;
}

TEST(Net, WhatCannotBeIsRefused) {
  Net net = cifar_resnet(8, 12, 12, 1, 10);
  for (const int batches : {0, -1, (1 << 16) + 1})
    expect_error([&] { net.set_batches_per_step(batches); }, "batches a step", "accumulate");
  for (const int64_t share : {int64_t{-1}, (int64_t{1} << 30) + 1})
    expect_error([&] { net.set_label_smoothing(share); }, "label smoothing", "label_smoothing");
  const auto unused = [](Net& of) {
    struct : GraphSink {
      void conv_bn(const ConvGraph&, const NormGraph&) override {}
      void stream_conv(const ConvGraph&, const Value*, const Value*, const NormGraph*) override {}
      void linear(const LinearGraph&) override {}
      void conv_relu(const ConvShape&, const LinearGraph&) override {}
      void max_pool(const Value*, const Value*, const MaxPoolShape&) override {}
      void average_pool(const Value*, const Value*) override {}
      void pad_shortcut(const Value*, const Value*, const PadShortcutShape&) override {}
    } sink;
    of.describe(sink);
  };
  expect_error([&] { unused(net); }, "no memory yet", "");
  expect_error([&] { net.prepare(4, true, nullptr); }, "nothing to compute with", "");
  net.prepare(4, true, std::make_shared<Runtime>(1));
  expect_error([&] { net.set_widths({}); }, "prepared already", "formats");
  expect_error([&] { net.keep_gradients(); }, "prepared already", "");
  net.initialize(1);
  const Batch batch = synthetic_batch(4);
  net.forward(batch);
  expect_error([&] { net.backward(batch, 1, 0); }, "gradients go nowhere", "");
  unused(net);
}

// Logits times 2^-2 are those of a last layer whose W and biases are a quarter: the same numbers in all layers, of which its own gradients count in
// quarters too.
TEST(Net, LogitsMayBeScaled) {
  constexpr int kImages = 8, kShift = 2;
  ReadyNet scaled(cifar_resnet(8, 12, 12, 1, 10), kImages), small(cifar_resnet(8, 12, 12, 1, 10), kImages);
  scaled.net.set_logit_shift(kShift);
  const std::vector<Parameter*>&a = scaled.net.parameters(), &b = small.net.parameters();
  for (size_t i = a.size() - 2; i < a.size(); ++i)
    for (size_t j = 0; j < a[i]->master.size(); ++j) {
      b[i]->master[j] = a[i]->master[j] >> kShift;
      a[i]->master[j] = b[i]->master[j] * (1 << kShift);
    }
  const Batch batch = synthetic_batch(kImages);
  for (Net* net : {&scaled.net, &small.net}) {
    net->quantize_parameters();
    net->forward(batch);
    net->backward(batch, 5, 1);
  }
  EXPECT_EQ(logits_of(scaled.net, kImages), logits_of(small.net, kImages));
  EXPECT_EQ(scaled.net.logits_exp(), small.net.logits_exp());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(std::equal(a[i]->grad.begin(), a[i]->grad.end(), b[i]->grad.begin())) << a[i]->name;
    EXPECT_EQ(a[i]->grad_exp, b[i]->grad_exp - (i + 2 < a.size() ? 0 : kShift)) << a[i]->name;
  }
  expect_error([&] { scaled.net.set_logit_shift(17); }, "2^-17", "logit_shift");
}

TEST(Net, AnAccumulatedStepTakesItsBatches) {
  ReadyNet ready(cifar_resnet(8, 12, 12, 1, 10), 4);
  const SgdStep sgd{round_scalar10(205, -10), round_scalar10(922, -10), {}, 5, 0};
  expect_error([&] { AccumulatedStep(ready.net, 0); }, "0 batches a step", "accumulate");
  AccumulatedStep step(ready.net, 2);
  expect_error([&] { step.update(sgd); }, "after 0 batches", "accumulate");
  step.add(synthetic_batch(4), 5, 0);
  expect_error([&] { step.update(sgd); }, "after 1 batches", "accumulate");
  step.add(synthetic_batch(4, 4), 5, 1);
  step.update(sgd);
}

TEST(Net, EveryKindOfNetLearns) {
  expect_learns("mlp", mlp(12, 12, 1, 10), 102, 120, 0.9);
  expect_learns("resnet8", cifar_resnet(8, 12, 12, 1, 10), 102, 40, 0.9);
  expect_learns("one of each layer", one_of_each(), 51, 60, 0.9);
  expect_learns("resnet8_v2", cifar_resnet_v2(8, 12, 12, 1, 10), 102, 40, 0.9);
  expect_learns("one of each layer of pre-activation nets", one_of_each_stream(), 51, 60, 0.9);
  expect_learns("inverted residuals", inverted_residuals(), 51, 60, 0.9);
  expect_learns("biases", biases(), 26, 120, 0.9);
}

}  // namespace
}  // namespace intrain::test
