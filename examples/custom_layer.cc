// A layer of one's own in a net, forward and backward in integers: a leaky ReLU whose slope below zero is a shift.
//
//   cmake --build build/release --target custom_layer && build/release/custom_layer
#include <intrain/base/rounding.h>
#include <intrain/core/buffer.h>
#include <intrain/core/error.h>
#include <intrain/data/source.h>
#include <intrain/nn/backward_sink.h>
#include <intrain/nn/builder.h>
#include <intrain/train/trainer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace intrain;

// Of s8 x, at one exponent:
//   y = x >= 0 ? x : round(x / 2^kSlope)                        s8, to nearest
//   dL/dx = dL/dy (x >= 0 ? 1 : 2^-kSlope)                      exact in s32 at 2^-kSlope of the exponent of dL/dy, then s16 (ErrorSink)
// |dL/dy| < 2^15, so the wide error is below 2^18.
class LeakyRelu final : public Layer {
 public:
  LeakyRelu(std::string name, Value* in, Value* out) : Layer(std::move(name)), in_(in), out_(out) {}

  // All memory is asked for here: none is taken in a pass. A thread works on one image at a time.
  void plan(LayerPlan& plan) override {
    slot_ = align_up(static_cast<size_t>(in_->elements()) * 4);
    if (plan.training) buffer_ = plan.backward_buffer(name_ + ".wide", slot_ * static_cast<size_t>(plan.threads));
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) override { wide_ = plan.address(memory, buffer_); }

  void forward(const LayerContext& context) override {
    const int64_t size = in_->elements();
    context.pool.run(context.count, [&](int64_t n, int) {
      const int8_t* x = static_cast<const int8_t*>(in_->data) + n * size;
      int8_t* y = reinterpret_cast<int8_t*>(out_->output) + n * size;
      for (int64_t i = 0; i < size; ++i) y[i] = static_cast<int8_t>(x[i] >= 0 ? x[i] : rshift_round(x[i], kSlope));
    });
  }
  void evaluate(const LayerContext& context) override { forward(context); }

  void backward(const LayerContext& context) override {
    const int64_t size = in_->elements();
    const Value::Gradient& from = *out_->error;
    context.pool.run(context.count, [&](int64_t n, int thread) {
      const int8_t* x = static_cast<const int8_t*>(in_->data) + n * size;
      const int16_t* dy = from.data + n * size;
      int32_t* dx = reinterpret_cast<int32_t*>(wide_ + slot_ * static_cast<size_t>(thread));
      int32_t max = 0;
      for (int64_t i = 0; i < size; ++i) {
        dx[i] = x[i] >= 0 ? dy[i] * (1 << kSlope) : dy[i];
        max = std::max(max, std::abs(dx[i]));
      }
      // Adds to what other readers of `in` have left there.
      ErrorSink(context, *in_, from.exp[static_cast<size_t>(n)] - kSlope)
          .image(static_cast<int>(n), dx, static_cast<uint32_t>(max));
    });
    in_->error->written = true;
  }

  void describe(GraphSink&) override {
    throw Error("the leaky ReLU " + name_ + " has no form in ONNX", "", "export a net without it");
  }

 private:
  static constexpr int kSlope = 3;
  Value *in_, *out_;
  size_t slot_ = 0;
  int buffer_ = -1;
  uint8_t* wide_ = nullptr;
};

Value* leaky_relu(NetBuilder& net, Value* x) {
  return net.custom("leaky", x, {Value::Kind::kSigned, x->h, x->w, x->c, x->exp}, [](std::string name, Value* in, Value* out) {
    return std::make_unique<LeakyRelu>(std::move(name), in, out);
  });
}

Net build(int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* x = leaky_relu(net, net.conv_bn_linear(net.input(), {.k = 16, .size = 3, .stride = 2, .pad = 1}));
  x = leaky_relu(net, net.conv_bn_linear(x, {.k = 16, .size = 3, .stride = 2, .pad = 1}));
  return net.linear_logits(x);
}

}  // namespace

int main() {
  TrainConfig config;
  config.model = "leaky_net";
  config.epochs = 3;
  config.batch = 32;
  config.augment = "none";
  const DataSplits data = load_data("synthetic:1024");
  TrainObserver silent;
  const FitResult result = Trainer(config, data, {.build = build}).fit(silent);
  std::printf("test accuracy with leaky ReLUs: %.2f %%\n", 100 * result.test.metrics.accuracy());
  return result.test.metrics.accuracy() > 0.9 ? 0 : 1;
}
