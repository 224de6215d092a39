#include "exchange/import/float_net.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/formats.h"
#include "core/error.h"
#include "exchange/channel_order.h"

namespace intrain {

namespace {

class StepSink final : public GraphSink {
 public:
  StepSink(const Net& net, const std::string& model) : net_(net), model_(model) {}
  void conv_bn(const ConvGraph& conv, const NormGraph& norm) override {
    NetStep step{NetStep::Kind::kConv, norm.out->name, conv.in, norm.shortcut, norm.out};
    step.conv = conv.shape;
    step.relu6 = norm.out->kind == Value::Kind::kActivation && norm.top == kRelu6Top;
    steps.push_back(step);
  }
  void stream_conv(const ConvGraph&, const Value*, const Value*, const NormGraph*) override {
    throw Error("'" + model_ + "' has pre-activation blocks, which cannot be imported", Setting{"model"},
                "take a net whose batch norms follow their convolutions");
  }
  void conv_relu(const ConvShape&, const LinearGraph&) override {
    throw Error("'" + model_ + "' has convolutions without batch norm, which cannot be imported", Setting{"model"},
                "take a net whose convolutions have one");
  }
  void linear(const LinearGraph& linear) override {
    steps.push_back(
        {NetStep::Kind::kLinear, linear.out != nullptr ? linear.out->name : net_.head_name(), linear.in, nullptr, linear.out});
  }
  void max_pool(const Value* in, const Value* out, const MaxPoolShape& shape) override {
    steps.push_back({NetStep::Kind::kMaxPool, out->name, in, nullptr, out, {}, shape});
  }
  void average_pool(const Value* in, const Value* out) override {
    steps.push_back({NetStep::Kind::kAveragePool, out->name, in, nullptr, out});
  }
  void pad_shortcut(const Value* in, const Value* out, const PadShortcutShape& shape) override {
    steps.push_back({NetStep::Kind::kPadShortcut, out->name, in, nullptr, out, {}, {}, shape});
  }

  std::vector<NetStep> steps;

 private:
  const Net& net_;
  const std::string& model_;
};

}  // namespace

std::vector<NetStep> net_steps(Net& net, const std::string& model) {
  StepSink sink(net, model);
  net.describe(sink);
  std::map<std::string, Parameter*> parameters;
  for (Parameter* p : net.parameters()) parameters[p->name] = p;
  std::map<std::string, int64_t*> running;
  for (const StateArray& a : net.state())
    if (a.type == ElementType::kS64) running[a.name] = static_cast<int64_t*>(a.data);
  for (NetStep& step : sink.steps) {
    if (!step.learns()) continue;
    step.weight = parameters.at(step.name + ".weight");
    if (step.kind == NetStep::Kind::kLinear) {
      step.bias = parameters.at(step.name + ".bias");
      continue;
    }
    step.gamma = parameters.at(step.name + ".gamma");
    step.beta = parameters.at(step.name + ".beta");
    step.running_mean = running.at(step.name + ".running_mean");
    step.running_var = running.at(step.name + ".running_var");
  }
  return std::move(sink.steps);
}

std::vector<float> channels_last(const NetStep& step, const std::vector<float>& weight) {
  const bool conv = step.kind == NetStep::Kind::kConv;
  const int64_t pixels = conv ? step.conv.taps() : step.in->pixels(), channels = conv ? step.conv.group_c() : step.in->c;
  return swap_axes<float>(weight, channels, pixels);
}

std::vector<int64_t> weight_shape(const NetStep& step) {
  if (step.kind == NetStep::Kind::kLinear) return {step.weight->shape[0], step.weight->shape[1]};
  return {step.conv.k, step.conv.group_c(), step.conv.kh, step.conv.kw};
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

float half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  float value = std::ldexp(static_cast<float>(exponent == 0 ? mantissa : mantissa + 1024), std::max(exponent, 1) - 25);
  if (exponent == 31) value = mantissa == 0 ? INFINITY : NAN;
  return (bits >> 15) != 0 ? -value : value;
}

}  // namespace intrain
