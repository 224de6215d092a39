#include "nn/builder.h"

#include <algorithm>

#include "base/formats.h"
#include "core/check.h"
#include "core/error.h"
#include "nn/conv_bn.h"
#include "nn/linear.h"
#include "nn/pool.h"
#include "nn/shortcut.h"
#include "nn/stream_conv.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain {

namespace {

// The memory plan looks at all pairs of buffers (nn/memory_plan.cc): some seconds for so many layers, four times as many for twice as many.
constexpr size_t kMaxLayers = 4096;

}  // namespace

NetBuilder::NetBuilder(int h, int w, int c, int classes) {
  net_.h_ = h;
  net_.w_ = w;
  net_.c_ = c;
  net_.classes_ = classes;
  net_.input_ = value(Value::Kind::kInput, "input", h, w, c, kInputExp);
  net_.input_->producer = -1;
}

Value* NetBuilder::value(Value::Kind kind, const std::string& name, int h, int w, int c, int exp) {
  auto v = std::make_unique<Value>();
  v->kind = kind;
  v->name = name;
  v->h = h;
  v->w = w;
  v->c = c;
  v->exp = exp;
  v->producer = static_cast<int>(net_.layers_.size());
  if (kind != Value::Kind::kInput) v->error = std::make_shared<Value::Error>();
  net_.values_.push_back(std::move(v));
  return net_.values_.back().get();
}

void NetBuilder::consume(Value* in) { in->last_consumer = static_cast<int>(net_.layers_.size()); }

// A kernel or pooling window must fit the padded tensor.
void NetBuilder::check_window(const Value* in, int size, int pad) const {
  if (size > std::min(in->h, in->w) + 2 * pad)
    throw Error("images of " + std::to_string(net_.h_) + "x" + std::to_string(net_.w_) + " are too small for this model",
                "--model", "take a shallower model, or larger images");
}

// No sum in s32 may be longer than kMaxReduction.
void NetBuilder::check_sums(int64_t longest) const {
  if (longest > kMaxReduction)
    throw Error("images of " + std::to_string(net_.h_) + "x" + std::to_string(net_.w_) +
                    " are too large for this model: a sum of " + std::to_string(longest) + " products",
                "--data", "at most " + std::to_string(kMaxReduction) + ": take smaller images");
}

std::string NetBuilder::next_name(const std::string& kind) {
  if (net_.layers_.size() == kMaxLayers)
    throw Error("the net has more than " + std::to_string(kMaxLayers) + " layers", "--model", "take a shallower model");
  return kind + std::to_string(net_.layers_.size());
}

// Checked; what `in` may not be is a stream, or normalized.
ops::ConvShape NetBuilder::conv_shape(const Value* in, const ConvSpec& spec) const {
  const ops::ConvShape shape{in->h,     in->w,       in->c,    spec.k,      spec.size,
                             spec.size, spec.stride, spec.pad, spec.groups, in->is_signed()};
  CHECK_TRUE(in->readable());
  check_window(in, spec.size, spec.pad);
  check_sums(std::max({shape.dst_pixels(), shape.fan_in(), shape.taps() * shape.group_k()}));
  return shape;
}

// The next layer adds the shortcut to `out`: it, and whatever shares its error already, share the sum's.
void NetBuilder::add_shortcut(Value* shortcut, Value* out) {
  CHECK_TRUE(shortcut->h == out->h && shortcut->w == out->w && shortcut->c == out->c && shortcut->kind != Value::Kind::kInput);
  consume(shortcut);
  shortcuts_.emplace_back(shortcut, static_cast<int>(net_.layers_.size()));
  const std::shared_ptr<Value::Error> old = shortcut->error;
  for (const auto& v : net_.values_)
    if (v->error == old) v->error = out->error;
}

Value* NetBuilder::conv(Value* in, Value* shortcut, const ConvSpec& spec, Activation activation) {
  const ops::ConvShape shape = conv_shape(in, spec);
  const std::string name = next_name("conv");
  consume(in);
  Value::Kind kind = Value::Kind::kActivation;
  int exp = shortcut != nullptr && activation == Activation::kRelu ? kResidualExp : kActivationExp;
  if (activation == Activation::kLinear) kind = Value::Kind::kSigned, exp = kSignedExp;
  if (activation == Activation::kNone) kind = Value::Kind::kNormalized, exp = kScaledExp;
  Value* out = value(kind, name, shape.oh(), shape.ow(), spec.k, exp);
  if (shortcut != nullptr) {
    CHECK_TRUE(shortcut->kind != Value::Kind::kStream);
    add_shortcut(shortcut, out);
  }
  net_.layers_.push_back(std::make_unique<ConvBn>(name, in, shortcut, out, shape, activation));
  return out;
}

Stream NetBuilder::stream(Value* in, Value* shortcut, const ConvSpec& spec, bool relu) {
  const ops::ConvShape shape = conv_shape(in, spec);
  const std::string name = next_name("conv");
  consume(in);
  Value* sum = value(Value::Kind::kStream, name + ".stream", shape.oh(), shape.ow(), spec.k, kStreamExp);
  consume(sum);  // by its own layer, if by no other
  Value* out = relu ? value(Value::Kind::kActivation, name, shape.oh(), shape.ow(), spec.k, kActivationExp) : nullptr;
  if (shortcut != nullptr) {
    CHECK_TRUE(shortcut->kind == Value::Kind::kStream || shortcut->kind == Value::Kind::kActivation);
    add_shortcut(shortcut, sum);
  }
  net_.layers_.push_back(std::make_unique<StreamConv>(name, in, shortcut, sum, out, shape));
  return {sum, out};
}

Stream NetBuilder::conv_add_stream(Value* in, const ConvSpec& spec, Value* shortcut) { return stream(in, shortcut, spec, true); }

Value* NetBuilder::conv_stream(Value* in, const ConvSpec& spec) { return stream(in, nullptr, spec, false).sum; }

Value* NetBuilder::pad_shortcut(Value* in, const PadShortcutSpec& spec) {
  CHECK_TRUE(in->readable() && in->kind != Value::Kind::kInput && spec.stride > 0);
  const int added = spec.channels - in->c, before = spec.before < 0 ? added / 2 : spec.before;
  CHECK_LE(0, added);
  CHECK_LE(before, added);
  const ops::PadShortcut shape{in->h, in->w, in->c, spec.channels, spec.stride, before};
  const std::string name = next_name("shortcut");
  consume(in);
  Value* out = value(in->kind, name, shape.oh(), shape.ow(), spec.channels, in->exp);
  net_.layers_.push_back(std::make_unique<PadShortcut>(name, in, out, shape));
  return out;
}

Value* NetBuilder::max_pool(Value* in, int size, int stride, int pad) {
  const ops::MaxPool shape{in->h, in->w, in->c, size, stride, pad};
  CHECK_TRUE(in->kind == Value::Kind::kActivation && size <= 15 && pad < size);
  check_window(in, size, pad);
  // A convolution's maps are bounded by its sums; padding must not make larger ones.
  if (int64_t{shape.oh()} * shape.ow() > kMaxReduction)
    throw Error("the padding of a max pool makes maps of " + std::to_string(shape.oh()) + "x" + std::to_string(shape.ow()),
                "--model", "at most " + std::to_string(kMaxReduction) + " pixels: pad less, or take a larger stride");
  const std::string name = next_name("max_pool");
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, shape.oh(), shape.ow(), in->c, in->exp);
  net_.layers_.push_back(std::make_unique<MaxPool>(name, in, out, shape));
  return out;
}

Value* NetBuilder::global_average_pool(Value* in) {
  CHECK_TRUE(in->kind == Value::Kind::kActivation && in->last_consumer < 0);
  const std::string name = next_name("average_pool");
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, 1, 1, in->c, kPooledExp);
  net_.layers_.push_back(std::make_unique<GlobalAveragePool>(name, in, out));
  return out;
}

Value* NetBuilder::linear_relu(Value* in, int outputs) {
  const std::string name = next_name("linear");
  CHECK_TRUE(in->readable());
  check_sums(in->elements());
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, 1, 1, outputs, kActivationExp);
  net_.layers_.push_back(std::make_unique<LinearRelu>(name, in, out));
  return out;
}

Value* NetBuilder::custom(const std::string& kind, Value* in, const CustomOutput& output,
                          const std::function<std::unique_ptr<Layer>(std::string name, Value* in, Value* out)>& make) {
  CHECK_TRUE(in->readable() && in->kind != Value::Kind::kInput);
  CHECK_TRUE(output.kind == Value::Kind::kActivation || output.kind == Value::Kind::kSigned);
  CHECK_TRUE(output.h > 0 && output.w > 0 && output.c > 0);
  const std::string name = next_name(kind);
  consume(in);
  Value* out = value(output.kind, name, output.h, output.w, output.c, output.exp);
  net_.layers_.push_back(make(name, in, out));
  return out;
}

Net NetBuilder::linear_logits(Value* in) {
  CHECK_LE(net_.classes_, ops::kMaxClasses);
  const std::string name = next_name("linear");
  CHECK_TRUE(in->readable());
  check_sums(in->elements());
  consume(in);
  auto head = std::make_unique<LinearLogits>(name, in, net_.classes_);
  net_.head_ = head.get();
  net_.layers_.push_back(std::move(head));
  // The last reader of a shortcut is the sum whose error it shares.
  for (const auto& [shortcut, layer] : shortcuts_) CHECK_EQ(shortcut->last_consumer, layer);
  for (const auto& layer : net_.layers_) {
    layer->parameters(net_.layer_parameters_.emplace_back());
    const auto& list = net_.layer_parameters_.back();
    net_.parameters_.insert(net_.parameters_.end(), list.begin(), list.end());
  }
  uint32_t number = 0;
  for (Parameter* p : net_.parameters_) p->number = number++;
  return std::move(net_);
}

}  // namespace intrain
