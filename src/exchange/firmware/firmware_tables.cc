#include "exchange/firmware/firmware_tables.h"

#include <map>

#include "core/error.h"
#include "nn/graph_sink.h"
#include "nn/layer.h"

namespace intrain {

namespace {

using micro::kNone;
using micro::LayerKind;

[[noreturn]] void refuse(const std::string& layer, const std::string& what) {
  throw Error("layer " + layer + ": " + what, "", "firmware takes a chain of convolutions with ReLU, pools and linear layers");
}

micro::Layer no_layer(LayerKind kind) {
  micro::Layer layer{};
  layer.kind = kind;
  layer.in = layer.out = layer.kept = layer.in_error = layer.out_error = kNone;
  layer.name = layer.running_mean = layer.running_var = kNone;
  layer.fixed = {kNone, 0, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  for (micro::Scratch* s : {&layer.forward, &layer.backward})
    *s = {kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  for (micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta})
    t->name = t->first = t->master = t->momentum = t->momentum_exp = kNone;
  return layer;
}

// The layers, and the constants of those that stay.
class Tables final : public GraphSink {
 public:
  // Of the layers with parameters the first `fixed` stay.
  Tables(FirmwarePlan& plan, int fixed) : plan_(plan), constants_(plan.constants), fixed_(fixed) {}

  void conv_bn(const ConvGraph& conv, const NormGraph& norm) override {
    if (norm.shortcut != nullptr) refuse(norm.out->name, "it adds another");
    if (norm.out->kind != Value::Kind::kActivation) refuse(norm.out->name, "it has no ReLU");
    micro::Layer layer = product(LayerKind::kConvNorm, conv.shape, conv.in, norm.out);
    layer.top = norm.top;
    if (stays())
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

 private:
  // Of the layer with parameters that comes next.
  bool stays() { return fixed_-- > 0; }
  static ConvShape pool_shape(const Value* in) { return {in->h, in->w, in->c, in->c, in->h, in->w, 1, 0, 1, false}; }

  micro::Layer product(LayerKind kind, const ConvShape& shape, const Value* in, const Value* out) {
    if (in != last_ && in->kind != Value::Kind::kInput) refuse(in->name, "two layers read it, or a later one");
    if (last_ != nullptr && in != last_) refuse(last_->name, "the next layer does not read it");
    micro::Layer layer = no_layer(kind);
    layer.shape = shape;
    layer.in_exp = in->exp;
    layer.out_exp = out != nullptr ? out->exp : 0;
    last_ = out;
    return layer;
  }
  void add_linear(const ConvShape& shape, const LinearGraph& linear) {
    micro::Layer layer =
        product(linear.out == nullptr ? LayerKind::kLogits : LayerKind::kProductRelu, shape, linear.in, linear.out);
    layer.top = linear.top;
    if (stays()) {
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
  FirmwareConstants constants_;
  int fixed_;
  const Value* last_ = nullptr;
  std::vector<std::string> names_;
};

// Stored parameters of the layers that learn, and all running statistics: by their names.
void add_state(Net& net, const std::vector<std::string>& names, int fixed, FirmwarePlan& plan) {
  FirmwareConstants constants(plan.constants);
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
      if (!p.momentum.empty()) t.momentum = 0;  // where, is chosen later
    };
    if (fixed-- <= 0) {
      tensor(layer.weight, ".weight");
      if (norm) tensor(layer.gamma, ".gamma");
      tensor(layer.beta, norm ? ".beta" : ".bias");
    }
    if (!norm) continue;
    layer.name = constants.add(name.c_str(), name.size() + 1);
    layer.running_mean = running(name + ".running_mean");
    layer.running_var = running(name + ".running_var");
  }
}

}  // namespace

void add_firmware_layers(Net& net, int learning_layers, FirmwarePlan& plan) {
  const int fixed = parameter_layers(net) - learning_layers;
  Tables tables(plan, fixed);
  net.describe(tables);
  if (learning_layers > 0) add_state(net, tables.names(), fixed, plan);
}

}  // namespace intrain
