#include "nn/builder.h"

#include <algorithm>

#include "base/formats.h"
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
// Of one tensor or window: far from where products of them overflow, far beyond what memory holds.
constexpr int kMaxSide = 1 << 16, kMaxChannels = 1 << 16;
constexpr int kMaxImage = 4096;  // a side, or channels: what a checkpoint can say

std::string shape_text(int h, int w, int c) { return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c); }

}  // namespace

NetBuilder::NetBuilder(int h, int w, int c, int classes) {
  if (h < 1 || w < 1 || c < 1 || h > kMaxImage || w > kMaxImage || c > kMaxImage)
    throw Error("images of " + shape_text(h, w, c), Setting{"image"}, "sides and channels are 1 to " + std::to_string(kMaxImage));
  if (classes < 1 || classes > ops::kMaxClasses)
    throw Error("a net of " + std::to_string(classes) + " classes", Setting{"data"},
                "1 to " + std::to_string(ops::kMaxClasses) + " are possible");
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
  if (kind != Value::Kind::kInput) v->error = std::make_shared<Value::Gradient>();
  net_.values_.push_back(std::move(v));
  return net_.values_.back().get();
}

void NetBuilder::consume(Value* in) { in->last_consumer = static_cast<int>(net_.layers_.size()); }

void NetBuilder::fail(const std::string& kind, const std::string& what) const {
  throw LayerError(kind + std::to_string(net_.layers_.size()), what);
}

// What the next layer, of this kind, reads: an activation, and one that may still be read.
void NetBuilder::check_source(const std::string& kind, const Value* in, Sources sources) const {
  if (in == nullptr) fail(kind, "it reads no layer");
  if (!in->readable()) fail(kind, "it reads a layer without ReLU, which may only be added");
  check_free(kind, in);
  if (in->kind == Value::Kind::kInput && sources != Sources::kAll) fail(kind, "it cannot read the images");
  if (in->kind == Value::Kind::kSigned && sources == Sources::kActivations) fail(kind, "it reads a layer with a ReLU only");
}

void NetBuilder::check_free(const std::string& kind, const Value* in) const {
  if (closed_.contains(in)) fail(kind, "what it reads may not be read any more: an earlier layer adds it, or takes its mean");
}

void NetBuilder::check_range(const std::string& kind, const char* name, int value, int least, int most) const {
  if (value < least || value > most)
    fail(kind, "'" + std::string(name) + "' is " + std::to_string(value) + ", not " + std::to_string(least) + " to " +
                   std::to_string(most));
}

// A kernel or pooling window must fit the padded tensor.
void NetBuilder::check_window(bool fits) const {
  if (!fits)
    throw Error("images of " + std::to_string(net_.h_) + "x" + std::to_string(net_.w_) + " are too small for this model",
                Setting{"model"}, "take a shallower model, smaller windows, or larger images");
}

// No sum in s32 may be longer than kMaxReduction.
void NetBuilder::check_sums(int64_t longest) const {
  if (longest > kMaxReduction)
    throw Error("images of " + std::to_string(net_.h_) + "x" + std::to_string(net_.w_) +
                    " are too large for this model: a sum of " + std::to_string(longest) + " products",
                Setting{"image"}, "at most " + std::to_string(kMaxReduction) + ": take smaller images");
}

std::string NetBuilder::next_name(const std::string& kind) {
  if (net_.layers_.size() == kMaxLayers)
    throw Error("the net has more than " + std::to_string(kMaxLayers) + " layers", Setting{"model"}, "take a shallower model");
  return kind + std::to_string(net_.layers_.size());
}

ConvShape NetBuilder::conv_shape(const Value* in, const ConvSpec& spec) const {
  const std::string kind = "conv";
  check_source(kind, in, Sources::kAll);
  check_range(kind, "channels", spec.k, 1, kMaxChannels);
  check_range(kind, "size", spec.size, 1, kMaxSide);
  check_range(kind, "stride", spec.stride, 1, kMaxSide);
  check_range(kind, "pad", spec.pad, 0, spec.size - 1);
  check_range(kind, "groups", spec.groups, 1, kMaxChannels);
  if (in->c % spec.groups != 0 || spec.k % spec.groups != 0)
    fail(kind, std::to_string(spec.groups) + " groups do not divide " + std::to_string(in->c) + " and " + std::to_string(spec.k) +
                   " channels");
  check_range(kind, "height", spec.height, 0, kMaxSide);
  const int height = spec.height == 0 ? spec.size : spec.height;
  const ConvShape shape{in->h, in->w, in->c, spec.k, height, spec.size, spec.stride, spec.pad, spec.groups, in->is_signed()};
  check_window(shape.kh <= in->h + 2 * shape.pad_h() && shape.kw <= in->w + 2 * shape.pad);
  check_sums(std::max({shape.dst_pixels(), shape.fan_in(), shape.taps() * shape.group_k()}));
  return shape;
}

// The next layer adds the shortcut to `out`: it, and whatever shares its error already, share the sum's. Nothing may read it any more.
void NetBuilder::add_shortcut(Value* shortcut, Value* out) {
  if (shortcut->kind == Value::Kind::kInput) fail("conv", "the images cannot be added");
  check_free("conv", shortcut);
  const bool to_stream = out->kind == Value::Kind::kStream;
  if (to_stream ? shortcut->kind == Value::Kind::kNormalized || shortcut->kind == Value::Kind::kSigned
                : shortcut->kind == Value::Kind::kStream)
    fail("conv", "it adds a layer without ReLU: a 'conv' is then added by a 'conv' only, a 'stream' by a 'stream'");
  if (shortcut->h != out->h || shortcut->w != out->w || shortcut->c != out->c)
    fail("conv", "what it adds is " + shape_text(shortcut->h, shortcut->w, shortcut->c) + ", and is added to " +
                     shape_text(out->h, out->w, out->c));
  consume(shortcut);
  closed_.insert(shortcut);
  if (shortcut->kind == Value::Kind::kStream) {
    const auto norms = shortcut->norms;
    for (const auto& v : net_.values_)
      if (v->norms == norms) v->norms = out->norms;
    out->norms->insert(out->norms->end(), norms->begin(), norms->end());
  }
  const std::shared_ptr<Value::Gradient> old = shortcut->error;
  for (const auto& v : net_.values_)
    if (v->error == old) v->error = out->error;
}

Value* NetBuilder::conv(Value* in, Value* shortcut, const ConvSpec& spec, Activation activation) {
  const ConvShape shape = conv_shape(in, spec);
  const std::string name = next_name("conv");
  consume(in);
  Value::Kind kind = Value::Kind::kActivation;
  int exp = shortcut != nullptr && activation == Activation::kRelu ? kResidualExp : kActivationExp;
  if (activation == Activation::kLinear) kind = Value::Kind::kSigned, exp = kSignedExp;
  if (activation == Activation::kNone) kind = Value::Kind::kNormalized, exp = kScaledExp;
  Value* out = value(kind, name, shape.oh(), shape.ow(), spec.k, exp);
  if (shortcut != nullptr) add_shortcut(shortcut, out);
  net_.layers_.push_back(std::make_unique<ConvBn>(name, in, shortcut, out, shape, activation));
  return out;
}

Value* NetBuilder::conv_relu(Value* in, const ConvSpec& spec) {
  const ConvShape shape = conv_shape(in, spec);
  const std::string name = next_name("conv");
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, shape.oh(), shape.ow(), spec.k, kActivationExp);
  net_.layers_.push_back(std::make_unique<ConvRelu>(name, in, out, shape));
  return out;
}

Stream NetBuilder::stream(Value* in, Value* shortcut, const ConvSpec& spec, bool relu) {
  const ConvShape shape = conv_shape(in, spec);
  const std::string name = next_name("conv");
  consume(in);
  Value* sum = value(Value::Kind::kStream, name + ".stream", shape.oh(), shape.ow(), spec.k, kStreamExp);
  sum->norms = std::make_shared<std::vector<const BatchNorm*>>();
  consume(sum);  // by its own layer, if by no other
  Value* out = relu ? value(Value::Kind::kActivation, name, shape.oh(), shape.ow(), spec.k, kActivationExp) : nullptr;
  if (shortcut != nullptr) add_shortcut(shortcut, sum);
  net_.layers_.push_back(std::make_unique<StreamConv>(name, in, shortcut, sum, out, shape));
  return {sum, out};
}

Stream NetBuilder::conv_add_stream(Value* in, const ConvSpec& spec, Value* shortcut) { return stream(in, shortcut, spec, true); }

Value* NetBuilder::conv_stream(Value* in, const ConvSpec& spec) { return stream(in, nullptr, spec, false).sum; }

Value* NetBuilder::pad_shortcut(Value* in, const PadShortcutSpec& spec) {
  check_source("shortcut", in, Sources::kLayers);
  check_range("shortcut", "stride", spec.stride, 1, kMaxSide);
  check_range("shortcut", "channels", spec.channels, 1, kMaxChannels);
  const int added = spec.channels - in->c, before = spec.before < 0 ? added / 2 : spec.before;
  if (added < 0)
    fail("shortcut", "it pads " + std::to_string(in->c) + " channels, which cannot become " + std::to_string(spec.channels));
  check_range("shortcut", "before", before, 0, added);
  const PadShortcutShape shape{in->h, in->w, in->c, spec.channels, spec.stride, before};
  const std::string name = next_name("shortcut");
  consume(in);
  Value* out = value(in->kind, name, shape.oh(), shape.ow(), spec.channels, in->exp);
  net_.layers_.push_back(std::make_unique<PadShortcut>(name, in, out, shape));
  return out;
}

Value* NetBuilder::max_pool(Value* in, int size, int stride, int pad) {
  check_source("max_pool", in, Sources::kActivations);
  check_range("max_pool", "size", size, 1, 15);
  check_range("max_pool", "stride", stride, 1, kMaxSide);
  check_range("max_pool", "pad", pad, 0, size - 1);
  const MaxPoolShape shape{in->h, in->w, in->c, size, stride, pad};
  check_window(size <= std::min(in->h, in->w) + 2 * pad);
  // A convolution's maps are bounded by its sums; padding must not make larger ones.
  if (int64_t{shape.oh()} * shape.ow() > kMaxReduction)
    throw Error("the padding of a max pool makes maps of " + std::to_string(shape.oh()) + "x" + std::to_string(shape.ow()),
                Setting{"model"}, "at most " + std::to_string(kMaxReduction) + " pixels: pad less, or take a larger stride");
  const std::string name = next_name("max_pool");
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, shape.oh(), shape.ow(), in->c, in->exp);
  net_.layers_.push_back(std::make_unique<MaxPool>(name, in, out, shape));
  return out;
}

Value* NetBuilder::global_average_pool(Value* in) {
  check_source("average_pool", in, Sources::kActivations);
  if (in->last_consumer >= 0) fail("average_pool", "the mean must be the only reader of its layer");
  const std::string name = next_name("average_pool");
  consume(in);
  closed_.insert(in);
  Value* out = value(Value::Kind::kActivation, name, 1, 1, in->c, kPooledExp);
  net_.layers_.push_back(std::make_unique<GlobalAveragePool>(name, in, out));
  return out;
}

Value* NetBuilder::linear_relu(Value* in, int outputs) {
  check_source("linear", in, Sources::kAll);
  check_range("linear", "channels", outputs, 1, kMaxChannels);
  const std::string name = next_name("linear");
  check_sums(in->elements());
  consume(in);
  Value* out = value(Value::Kind::kActivation, name, 1, 1, outputs, kActivationExp);
  net_.layers_.push_back(std::make_unique<LinearRelu>(name, in, out));
  return out;
}

Value* NetBuilder::custom(const std::string& kind, Value* in, const CustomOutput& output,
                          const std::function<std::unique_ptr<Layer>(std::string name, Value* in, Value* out)>& make) {
  check_source(kind, in, Sources::kLayers);
  if (output.kind != Value::Kind::kActivation && output.kind != Value::Kind::kSigned)
    fail(kind, "its output is neither kActivation nor kSigned");
  check_range(kind, "height", output.h, 1, kMaxSide);
  check_range(kind, "width", output.w, 1, kMaxSide);
  check_range(kind, "channels", output.c, 1, kMaxChannels);
  const std::string name = next_name(kind);
  consume(in);
  in->keeps_error = true;
  Value* out = value(output.kind, name, output.h, output.w, output.c, output.exp);
  net_.layers_.push_back(make(name, in, out));
  return out;
}

Net NetBuilder::linear_logits(Value* in) {
  check_source("linear", in, Sources::kAll);
  const std::string name = next_name("linear");
  check_sums(in->elements());
  consume(in);
  auto head = std::make_unique<LinearLogits>(name, in, net_.classes_);
  net_.head_ = head.get();
  net_.layers_.push_back(std::move(head));
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
