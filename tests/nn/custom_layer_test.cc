// A layer of a user's in a net. One that passes on what it reads changes nothing, forward or backward.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "nn/backward_sink.h"
#include "nn/builder.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

// times: what it multiplies the error by, 1 for the truth; 0: it writes none.
class PassOn final : public Layer {
 public:
  PassOn(std::string name, Value* in, Value* out, int times) : Layer(std::move(name)), in_(in), out_(out), times_(times) {}
  void plan(LayerPlan& plan) override {
    if (plan.training)
      buffer_ =
          plan.backward_buffer(name_ + ".wide", static_cast<size_t>(in_->elements()) * 4 * static_cast<size_t>(plan.threads));
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) override {
    wide_ = reinterpret_cast<int32_t*>(plan.address(memory, buffer_));
  }
  void forward(const LayerContext& context) override {
    std::memcpy(out_->output, in_->data, static_cast<size_t>(context.count * in_->elements()));
  }
  void evaluate(const LayerContext& context) override { forward(context); }
  void backward(const LayerContext& context) override {
    if (times_ == 0) return;
    const int64_t size = in_->elements();
    context.pool.run(context.count, [&](int64_t n, int thread) {
      int32_t* wide = wide_ + thread * size;
      int32_t max = 0;
      for (int64_t i = 0; i < size; ++i) {
        wide[i] = out_->error->data[n * size + i] * times_;
        max = std::max(max, std::abs(wide[i]));
      }
      ErrorSink(context, *in_, out_->error->exp[static_cast<size_t>(n)])
          .image(static_cast<int>(n), wide, static_cast<uint32_t>(max));
    });
    in_->error->written = true;
  }
  void describe(GraphSink&) override {}

 private:
  Value *in_, *out_;
  int times_;
  int buffer_ = -1;
  int32_t* wide_ = nullptr;
};

// times: 0 without such layers.
Net net_with(int times) {
  NetBuilder net(12, 12, 1, 10);
  const auto pass_on = [&](Value* x) {
    if (times == 0) return x;
    return net.custom("pass", x, {x->kind, x->h, x->w, x->c, x->exp}, [&](std::string name, Value* in, Value* out) {
      return std::make_unique<PassOn>(std::move(name), in, out, times);
    });
  };
  Value* x = pass_on(net.conv_bn_relu(net.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1}));
  x = pass_on(net.conv_bn_linear(x, {.k = 8, .size = 3, .pad = 1}));
  x = pass_on(net.conv_bn_add_relu(x, {.k = 8, .size = 3, .pad = 1}, x));
  return net.linear_logits(pass_on(net.linear_relu(x, 16)));
}

struct CustomOutcome {
  std::vector<Gradient> gradients;
  std::vector<int32_t> logits;
  std::vector<std::vector<uint8_t>> state;
  bool operator==(const CustomOutcome&) const = default;
};

// To nearest, because the random bits of E2 are of the layer's number.
CustomOutcome run_steps(int times, int threads) {
  Net net = net_with(times);
  Widths widths;
  widths.nearest_e = true;
  net.set_widths(widths);
  ReadyNet ready(std::move(net), 8, {.threads = threads});
  for (uint32_t step = 0; step < 3; ++step) ready.train(synthetic_batch(8, static_cast<int>(8 * step)), 100, step);
  CustomOutcome outcome{gradients_of(ready.net), {}, state_of(ready.net)};
  ready.net.evaluate(synthetic_batch(5));
  outcome.logits = logits_of(ready.net, 5);
  return outcome;
}

TEST(CustomLayer, PassesOnBothWays) {
  const CustomOutcome expected = run_steps(0, 1);
  EXPECT_TRUE(run_steps(1, 1) == expected);
  EXPECT_TRUE(run_steps(1, 2) == expected);
  EXPECT_FALSE(run_steps(3, 1) == expected) << "its backward pass does not matter";
}

// It writes the error of what it reads, also where nothing below learns.
TEST(CustomLayer, MayReadWhatIsFrozen) {
  std::vector<int32_t> logits[2];
  for (const bool early : {true, false}) {
    NetBuilder builder(12, 12, 1, 10);
    Value* x = builder.conv_bn_relu(builder.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
    Value* y = builder.conv_bn_relu(x, {.k = 8, .size = 3, .pad = 1});
    Value* z = builder.custom("pass", x, {x->kind, x->h, x->w, x->c, x->exp}, [&](std::string name, Value* in, Value* out) {
      return std::make_unique<PassOn>(std::move(name), in, out, 1);
    });
    x = builder.conv_bn_add_relu(y, {.k = 8, .size = 3, .pad = 1}, z);
    Net net = builder.linear_logits(x);
    const auto freeze = [](Net& n) {
      for (Parameter* p : n.parameters()) p->frozen = p->name.starts_with("conv0.");
    };
    if (early) freeze(net);
    ReadyNet ready(std::move(net), 8);
    freeze(ready.net);
    for (uint32_t step = 0; step < 2; ++step) ready.train(synthetic_batch(8), 100, step);
    logits[early] = logits_of(ready.net, 8);
  }
  EXPECT_EQ(logits[0], logits[1]);
}

TEST(CustomLayer, AForgottenErrorIsTold) {
  NetBuilder builder(12, 12, 1, 10);
  Value* x = builder.conv_bn_relu(builder.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
  x = builder.custom("pass", x, {x->kind, x->h, x->w, x->c, x->exp}, [](std::string name, Value* in, Value* out) {
    return std::make_unique<PassOn>(std::move(name), in, out, 0);
  });
  ReadyNet ready(builder.linear_logits(x), 8);
  expect_error([&] { ready.train(synthetic_batch(8), 100, 0); }, "what reads the output of layer conv0 has given it no error",
               "");
}

// Its statistics have averages if it says them, in 64 bits, before there is memory.
TEST(CustomLayer, StatisticsAreAveragedAsItSaysThem) {
  class Counts final : public Layer {
   public:
    Counts(std::string name, Value* in, Value* out, ElementType type, bool early)
        : Layer(std::move(name)), in_(in), out_(out), type_(type), early_(early) {}
    void plan(LayerPlan&) override {}
    void bind(const MemoryPlan&, uint8_t*) override { bound_ = true; }
    void forward(const LayerContext& context) override {
      std::memcpy(out_->output, in_->data, static_cast<size_t>(context.count * in_->elements()));
    }
    void evaluate(const LayerContext& context) override { forward(context); }
    void backward(const LayerContext&) override {}
    void describe(GraphSink&) override {}
    void state(std::vector<StateArray>& list) override {
      if (early_ || bound_) list.push_back({name_ + ".counts", type_, 4, counts_, 0, 1 << 20, StateRole::kStatistic});
    }

   private:
    Value *in_, *out_;
    const ElementType type_;
    const bool early_;
    bool bound_ = false;
    int64_t counts_[4] = {1, 2, 3, 4};
  };
  const auto prepare = [](ElementType type, bool early) {
    NetBuilder builder(12, 12, 1, 10);
    Value* x = builder.conv_bn_relu(builder.input(), {.k = 8, .size = 3, .stride = 2, .pad = 1});
    x = builder.custom("counts", x, {x->kind, x->h, x->w, x->c, x->exp}, [&](std::string name, Value* in, Value* out) {
      return std::make_unique<Counts>(std::move(name), in, out, type, early);
    });
    Net net = builder.linear_logits(x);
    net.keep_average(true);
    net.prepare(8, true, std::make_shared<Runtime>(1));
  };
  EXPECT_NO_THROW(prepare(ElementType::kS64, true));
  expect_error([&] { prepare(ElementType::kS32, true); }, "no average of counts1.counts", "average");
  expect_error([&] { prepare(ElementType::kS64, false); }, "other statistics than it said", "average");
}

TEST(CustomLayer, HasItsPlaceInTheNet) {
  const Net net = net_with(1);
  std::vector<std::string> names;
  for (const auto& layer : net.layers()) names.push_back(layer->name());
  EXPECT_EQ(names,
            (std::vector<std::string>{"conv0", "pass1", "conv2", "pass3", "conv4", "pass5", "linear6", "pass7", "linear8"}));
}

TEST(CustomLayer, ReadsWhatAnyLayerMay) {
  const auto build = [](bool normalized) {
    NetBuilder net(12, 12, 1, 10);
    Value* x = normalized ? net.conv_bn(net.input(), {.k = 8, .size = 1}) : net.input();
    net.custom("pass", x, {Value::Kind::kActivation, x->h, x->w, x->c, x->exp},
               [](std::string name, Value* in, Value* out) { return std::make_unique<PassOn>(std::move(name), in, out, 1); });
  };
  expect_error([&] { build(true); }, "pass1: it reads a layer without ReLU", "");
  expect_error([&] { build(false); }, "pass0: it cannot read the images", "");
}

}  // namespace
}  // namespace intrain::test
