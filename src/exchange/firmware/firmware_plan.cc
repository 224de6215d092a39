#include "exchange/firmware/firmware_plan.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/formats.h"
#include "core/error.h"
#include "micro/hash.h"
#include "nn/graph_sink.h"
#include "nn/layer.h"
#include "nn/memory_plan.h"

namespace intrain {

namespace {

using micro::kNone;
using micro::LayerKind;

constexpr size_t kFirmwareAlignment = 8;  // of s64, the largest element

[[noreturn]] void refuse(const std::string& layer, const std::string& what) {
  throw Error("layer " + layer + ": " + what, Setting{"model"},
              "firmware takes a chain of convolutions with ReLU, pools and linear layers");
}

// The constants, one array after the other.
class Constants {
 public:
  explicit Constants(std::vector<uint8_t>& bytes) : bytes_(bytes) {}
  template <class T>
  micro::Constant add(const T* data, size_t count) {
    bytes_.resize((bytes_.size() + kFirmwareAlignment - 1) / kFirmwareAlignment * kFirmwareAlignment);
    const size_t at = bytes_.size();
    bytes_.resize(at + count * sizeof(T));
    std::memcpy(bytes_.data() + at, data, count * sizeof(T));
    return static_cast<micro::Constant>(at);
  }
  template <class Span>
  micro::Constant add(const Span& span) {
    return add(span.data(), span.size());
  }

 private:
  std::vector<uint8_t>& bytes_;
};

micro::Layer no_layer(LayerKind kind) {
  micro::Layer layer{};
  layer.kind = kind;
  layer.in = layer.out = layer.kept = layer.in_error = layer.out_error = kNone;
  layer.name = layer.running_mean = layer.running_var = kNone;
  layer.fixed = {kNone, 0, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  for (micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta})
    t->name = t->first = t->master = t->momentum = t->momentum_exp = kNone;
  return layer;
}

// The layers without their places, and the constants of a net that does not learn.
class Tables final : public GraphSink {
 public:
  Tables(FirmwarePlan& plan, bool learns) : plan_(plan), constants_(plan.constants), learns_(learns) {}

  void conv_bn(const ConvGraph& conv, const NormGraph& norm) override {
    if (norm.shortcut != nullptr) refuse(norm.out->name, "it adds another");
    if (norm.out->kind != Value::Kind::kActivation) refuse(norm.out->name, "it has no ReLU");
    micro::Layer layer = product(LayerKind::kConvNorm, conv.shape, conv.in, norm.out);
    layer.top = norm.top;
    if (!learns_)
      layer.fixed = {constants_.add(conv.weight),
                     conv.weight_exp,
                     kNone,
                     constants_.add(conv.shift),
                     constants_.add(norm.mult),
                     constants_.add(norm.offset),
                     constants_.add(norm.shift),
                     constants_.add(norm.gamma),
                     constants_.add(norm.beta)};
    push(layer, norm.out->name);
  }
  void stream_conv(const ConvGraph&, const Value*, const Value* stream, const NormGraph*) override {
    refuse(stream->name, "it has pre-activation blocks");
  }
  void conv_relu(const ConvShape& shape, const LinearGraph& linear) override { add_linear(shape, linear); }
  void linear(const LinearGraph& linear) override {
    const int outputs = static_cast<int>(linear.bias.size()), inputs = static_cast<int>(linear.in->elements());
    add_linear({1, 1, inputs, outputs, 1, 1, 1, 0, 1, linear.in->is_signed()}, linear);
  }
  void max_pool(const Value* in, const Value* out, const MaxPoolShape& shape) override {
    micro::Layer layer = product(LayerKind::kMaxPool, pool_shape(in), in, out);
    layer.pool = shape;
    push(layer, out->name);
  }
  void average_pool(const Value* in, const Value* out) override {
    push(product(LayerKind::kAveragePool, pool_shape(in), in, out), out->name);
  }
  void pad_shortcut(const Value*, const Value* out, const PadShortcutShape&) override { refuse(out->name, "it pads channels"); }

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<int64_t>& out_elements() const { return out_elements_; }

 private:
  static ConvShape pool_shape(const Value* in) { return {in->h, in->w, in->c, in->c, in->h, in->w, 1, 0, 1, false}; }

  micro::Layer product(LayerKind kind, const ConvShape& shape, const Value* in, const Value* out) {
    if (in != last_ && in->kind != Value::Kind::kInput) refuse(in->name, "two layers read it, or a later one");
    if (last_ != nullptr && in != last_) refuse(last_->name, "the next layer does not read it");
    micro::Layer layer = no_layer(kind);
    layer.shape = shape;
    layer.in_exp = in->exp;
    layer.out_exp = out != nullptr ? out->exp : 0;
    out_elements_.push_back(out != nullptr ? out->elements() : shape.k);
    last_ = out;
    return layer;
  }
  void add_linear(const ConvShape& shape, const LinearGraph& linear) {
    micro::Layer layer =
        product(linear.out == nullptr ? LayerKind::kLogits : LayerKind::kProductRelu, shape, linear.in, linear.out);
    layer.top = linear.top;
    if (!learns_) {
      layer.fixed.weight8 = constants_.add(linear.weight);
      layer.fixed.weight_exp = linear.weight_exp;
      layer.fixed.bias = constants_.add(linear.bias);
    }
    push(layer, linear.out != nullptr ? linear.out->name : "");
  }
  void push(const micro::Layer& layer, const std::string& name) {
    plan_.layers.push_back(layer);
    names_.push_back(name);
  }

  FirmwarePlan& plan_;
  Constants constants_;
  bool learns_;
  const Value* last_ = nullptr;
  std::vector<std::string> names_;
  std::vector<int64_t> out_elements_;
};

// Where all of the arena lies: times as in nn/memory_plan.h.
class Places {
 public:
  Places(const Net& net, FirmwarePlan& plan, const std::vector<int64_t>& out_elements, bool learns)
      : net_(net), plan_(plan), out_(out_elements), learns_(learns), layers_(static_cast<int>(plan.layers.size())) {}

  void choose(bool momentum) {
    const int ever = 2 * layers_ + 1;
    add(plan_.net.step_count, 4, 0, ever);
    add(plan_.net.rate, sizeof(Scalar10), 0, ever);
    values();
    if (learns_)
      for (micro::Layer& layer : plan_.layers)
        for (micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta})
          if (t->count > 0) {
            const size_t count = static_cast<size_t>(t->count);
            add(t->master, count * 4, 0, ever);
            if (!momentum) continue;
            add(t->momentum, count * 2, 0, ever);
            add(t->momentum_exp, 4, 0, ever);
          }
    scratch();
    memory_.pack();
    for (const auto& [place, buffer] : wanted_)
      *place = static_cast<micro::Place>(memory_.buffers()[static_cast<size_t>(buffer)].offset);
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      plan_.layers[i].in = i == 0 ? plan_.net.input : plan_.layers[i - 1].out;
      if (learns_ && i > 0) plan_.layers[i].in_error = plan_.layers[i - 1].out_error;
    }
    plan_.net.arena_bytes = static_cast<uint32_t>(memory_.total_bytes());
  }

 private:
  void add(micro::Place& place, size_t bytes, int first, int last) {
    wanted_.emplace_back(&place, memory_.add("", bytes, first, last));
  }

  // Values live until their last reader, which is the ReLU of their own layer where there is a backward pass.
  void values() {
    const int ever = 2 * layers_ + 1;
    add(plan_.net.input, static_cast<size_t>(net_.height()) * static_cast<size_t>(net_.width() * net_.channels()), 0,
        learns_ ? ever : 0);
    for (int i = 0; i < layers_; ++i) {
      micro::Layer& layer = plan_.layers[static_cast<size_t>(i)];
      const size_t count = static_cast<size_t>(out_[static_cast<size_t>(i)]);
      const bool logits = layer.kind == LayerKind::kLogits;
      add(layer.out, count * (logits ? 4 : 1), i, logits ? ever : learns_ ? 2 * layers_ - i : i + 1);
      if (layer.kind == LayerKind::kMaxPool || (learns_ && layer.kind == LayerKind::kConvNorm))
        add(layer.kept, count, i, learns_ ? 2 * layers_ - i : i);
      if (learns_ && !logits) add(layer.out_error, sizeof(micro::Error) + count * 2, 2 * layers_ - i - 1, 2 * layers_ - i);
    }
  }

  void scratch() {
    size_t sums = 0, staged = 0, error8 = 0, weights = 0, channels = 0;
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      const micro::Layer& layer = plan_.layers[i];
      const size_t out = static_cast<size_t>(out_[i]);
      const bool product = layer.kind < LayerKind::kMaxPool;
      if (product) sums = std::max(sums, out);
      if (learns_ && i > 0) sums = std::max(sums, static_cast<size_t>(layer.shape.src_pixels() * layer.shape.c));
      if (layer.kind == LayerKind::kConvNorm) staged = std::max(staged, out);
      if (product) {
        error8 = std::max(error8, out);
        weights = std::max(weights, static_cast<size_t>(layer.shape.weights()));
        channels = std::max(channels, static_cast<size_t>(layer.shape.k));
      }
    }
    const int last = 2 * layers_;
    micro::Scratch& s = plan_.net.scratch;
    add(s.sums, sums * 4, 0, last);
    add(s.staged, staged * 2, 0, last);
    if (!learns_) return;
    add(s.error8, error8, layers_, last);
    add(s.grad, std::max(weights, channels) * 8, layers_, last);
    add(s.weight8, weights, 0, last);
    for (micro::Place* p : {&s.bias, &s.stage, &s.mult, &s.offset, &s.f_shift, &s.sigma}) add(*p, channels * 4, 0, last);
    for (micro::Place* p : {&s.gamma, &s.beta}) add(*p, channels, 0, last);
    for (micro::Place* p : {&s.k, &s.b, &s.a}) add(*p, channels * 4, layers_, last);
    add(s.channel_sums, channels * 16, layers_, last);
  }

  const Net& net_;
  FirmwarePlan& plan_;
  const std::vector<int64_t>& out_;
  bool learns_;
  int layers_;
  MemoryPlan memory_{kFirmwareAlignment};
  std::vector<std::pair<micro::Place*, int>> wanted_;
};

// Stored parameters and running statistics, by their names.
void add_state(Net& net, const std::vector<std::string>& names, FirmwarePlan& plan) {
  Constants constants(plan.constants);
  std::map<std::string, const Parameter*> parameters;
  for (const Parameter* p : net.parameters()) parameters[p->name] = p;
  std::map<std::string, StateArray> state;
  for (const StateArray& a : net.state()) state.emplace(a.name, a);
  const auto running = [&](const std::string& name) {
    const StateArray& a = state.at(name);
    return constants.add(static_cast<const int64_t*>(a.data), static_cast<size_t>(a.count));
  };
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    micro::Layer& layer = plan.layers[i];
    const std::string& name = names[i].empty() ? net.head_name() : names[i];
    if (layer.kind > LayerKind::kLogits) continue;
    const bool norm = layer.kind == LayerKind::kConvNorm;
    const auto tensor = [&](micro::Tensor& t, const char* member) {
      const Parameter& p = *parameters.at(name + member);
      t.count = static_cast<int32_t>(p.count());
      t.grad_bits = p.grad_bits;
      t.number = p.number;
      t.name = constants.add(p.name.c_str(), p.name.size() + 1);
      t.first = constants.add(p.master);
    };
    tensor(layer.weight, ".weight");
    if (norm) tensor(layer.gamma, ".gamma");
    tensor(layer.beta, norm ? ".beta" : ".bias");
    if (!norm) continue;
    layer.name = constants.add(name.c_str(), name.size() + 1);
    layer.running_mean = running(name + ".running_mean");
    layer.running_var = running(name + ".running_var");
  }
}

}  // namespace

micro::Net FirmwarePlan::runnable() const {
  micro::Net result = net;
  result.layers = layers.data();
  result.constants = constants.data();
  return result;
}

FirmwarePlan plan_firmware(Net& net, FirmwareMode mode, const SgdStep& step) {
  if (!(net.widths() == Widths{}))
    throw Error("a net with other number formats than the default ones", Setting{"formats"},
                "firmware has the default formats only: train without `formats`");
  const bool learns = mode == FirmwareMode::kFull;
  FirmwarePlan plan;
  Tables tables(plan, learns);
  net.describe(tables);
  if (learns) add_state(net, tables.names(), plan);
  plan.net.layer_count = static_cast<int32_t>(plan.layers.size());
  plan.net.classes = net.classes();
  plan.net.learns = learns;
  plan.net.first_step = step;
  Places(net, plan, tables.out_elements(), learns).choose(step.mom.mantissa != 0);
  if (learns && net.parameter_count() * 4 < static_cast<int64_t>(micro::Hash::kLeastBytes))
    throw Error("a net of " + std::to_string(net.parameter_count()) + " parameters", Setting{"model"},
                "too small to have a signature on a device: take 61 or more");
  return plan;
}

}  // namespace intrain
