#include "models/net_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "core/error.h"
#include "models/residual_blocks.h"
#include "models/toml_limits.h"
#include "nn/builder.h"

namespace intrain {

namespace {

constexpr int kMaxChannels = 16384, kMaxExpansion = 64, kMaxWindow = 15, kMaxStride = 15, kMaxRepeat = 200, kMaxLayers = 1000;
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr const char* kHint = "docs/nets.md says what a net file may hold";

// As far as it says anything.
std::string quoted(std::string_view name) { return std::string("'").append(name.substr(0, 80)).append("'"); }

// Reads one net. Everything that NetBuilder takes for granted is checked here first.
class Reader {
 public:
  Reader(const std::string& path, int h, int w, int c, int classes) : path_(path), net_(h, w, c, classes), last_(net_.input()) {
    names_["input"] = last_;
  }

  Net read(const toml::table& file) {
    for (const auto& [key, value] : file)
      if (key.str() != "layer") fail(quoted(key.str()) + " is no member of a net: it has [[layer]] tables");
    const toml::array* layers = file["layer"].as_array();
    if (layers == nullptr || layers->empty() || !layers->is_array_of_tables()) fail("it has no [[layer]] tables");
    if (layers->size() > kMaxLayers) fail("more than " + std::to_string(kMaxLayers) + " layers");
    for (const toml::node& node : *layers) {
      ++number_;
      layer_ = node.as_table();
      known_ = {"type", "name"};
      add_layer();
    }
    layer_ = nullptr;
    if (!last_->readable()) fail("the last layer has no ReLU");
    for (const auto& [value, number] : made_)
      if (value != last_ && value->last_consumer <= value->producer)
        fail("the output of layer " + std::to_string(number) + " is read by none");
    return net_.linear_logits(last_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(what, layer_ == nullptr ? path_ : path_ + ", layer " + std::to_string(number_), kHint);
  }

  // A member that is a whole number; without a default it must be there.
  int number(const char* key, int min, int max, int otherwise = -1) {
    known_.insert(key);
    const toml::node* node = layer_->get(key);
    if (node == nullptr && otherwise >= 0) return otherwise;
    if (node == nullptr) fail(quoted(key) + " is missing");
    const toml::value<int64_t>* value = node->as_integer();
    if (value == nullptr || value->get() < min || value->get() > max)
      fail(quoted(key) + " takes a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return static_cast<int>(value->get());
  }
  std::string text(const char* key) {
    known_.insert(key);
    const toml::node* node = layer_->get(key);
    if (node == nullptr) return "";
    if (!node->is_string() || node->as_string()->get().empty()) fail(quoted(key) + " takes a text");
    return node->as_string()->get();
  }
  bool flag(const char* key, bool otherwise) {
    known_.insert(key);
    const toml::node* node = layer_->get(key);
    if (node == nullptr) return otherwise;
    if (!node->is_boolean()) fail(quoted(key) + " takes true or false");
    return node->as_boolean()->get();
  }
  void check_members() const {
    for (const auto& [key, value] : *layer_)
      if (!known_.contains(std::string(key.str()))) fail(quoted(key.str()) + " is no member of such a layer");
  }

  Value* named(const std::string& name) const {
    const auto at = names_.find(name);
    if (at == names_.end()) fail("there is no layer " + quoted(name) + " before it");
    return at->second;
  }
  // The stream that a layer's name means where it is added to another; the layer itself if it made none.
  Value* sum_of(Value* v) const {
    const auto at = sums_.find(v);
    return at == sums_.end() ? v : at->second;
  }
  // What the layer reads.
  Value* source() {
    const std::string name = text("input");
    Value* in = name.empty() ? last_ : named(name);
    if (!in->readable()) fail("it reads a layer without ReLU, which may only be added");
    check_free(in);
    return in;
  }
  void check_free(const Value* in) const {
    if (added_.contains(in)) fail("what it reads may not be read any more: an earlier layer adds it, or takes its mean");
  }
  void check_no_image(const Value* in) const {
    if (in->kind == Value::Kind::kInput) fail("it cannot read the images");
  }
  void check_activation(const Value* in) const {
    check_no_image(in);
    if (in->kind == Value::Kind::kSigned) fail("it reads a layer with a ReLU only");
  }

  ConvSpec conv_spec(const Value* in) {
    ConvSpec spec{};
    spec.k = number("channels", 1, kMaxChannels);
    spec.size = number("size", 1, kMaxWindow);
    spec.stride = number("stride", 1, kMaxStride, 1);
    spec.pad = number("pad", 0, spec.size - 1, 0);
    spec.groups = number("groups", 1, kMaxChannels, 1);
    if (in->c % spec.groups != 0 || spec.k % spec.groups != 0)
      fail(std::to_string(spec.groups) + " groups do not divide " + std::to_string(in->c) + " and " + std::to_string(spec.k) +
           " channels");
    return spec;
  }

  Value* conv() {
    Value* in = source();
    const ConvSpec spec = conv_spec(in);
    const std::string add = text("add"), activation = text("activation");
    const bool relu = flag("relu", true);
    check_members();
    if (!activation.empty() && activation != "relu" && activation != "relu6" && activation != "linear")
      fail("'activation' takes \"relu\", \"relu6\" or \"linear\"");
    if (!relu && !activation.empty()) fail("'relu' and 'activation' say the same: take one");
    if (!relu && add.empty()) return net_.conv_bn(in, spec);
    if (!relu) fail("a layer that adds another has a ReLU, or activation = \"linear\"");
    Value* shortcut = add.empty() ? nullptr : addend(add, in, spec, false);
    if (activation == "relu6") return net_.conv_bn_relu6(in, spec, shortcut);
    if (activation == "linear") return net_.conv_bn_linear(in, spec, shortcut);
    return add.empty() ? net_.conv_bn_relu(in, spec) : net_.conv_bn_add_relu(in, spec, shortcut);
  }

  // A convolution into the stream of a pre-activation net.
  Value* stream() {
    Value* in = source();
    const ConvSpec spec = conv_spec(in);
    const std::string add = text("add");
    const bool relu = flag("relu", true);
    check_members();
    if (!relu && !add.empty()) fail("a layer that adds another has a ReLU");
    Value* shortcut = add.empty() ? nullptr : addend(add, in, spec, true);
    return relu ? relu_of(net_.conv_add_stream(in, spec, shortcut)) : net_.conv_stream(in, spec);
  }
  Value* relu_of(const Stream& stream) {
    sums_.emplace(stream.relu, stream.sum);
    return stream.relu;
  }

  // What is added to the convolution of `in`; nothing may read it any more.
  Value* addend(const std::string& add, const Value* in, const ConvSpec& spec, bool to_stream) {
    Value* shortcut = to_stream ? sum_of(named(add)) : named(add);
    check_free(shortcut);
    if (shortcut->kind == Value::Kind::kInput) fail("the images cannot be added");
    if (to_stream ? shortcut->kind == Value::Kind::kNormalized || shortcut->kind == Value::Kind::kSigned
                  : shortcut->kind == Value::Kind::kStream)
      fail(quoted(add) + " has no ReLU: a 'conv' is then added by a 'conv' only, a 'stream' by a 'stream'");
    const auto outputs = [&](int n) { return (n + 2 * spec.pad - spec.size) / spec.stride + 1; };
    if (shortcut->c != spec.k || shortcut->h != outputs(in->h) || shortcut->w != outputs(in->w))
      fail(quoted(add) + " has " + std::to_string(shortcut->h) + "x" + std::to_string(shortcut->w) + " pixels of " +
           std::to_string(shortcut->c) + " channels, and is added to " + std::to_string(outputs(in->h)) + "x" +
           std::to_string(outputs(in->w)) + " of " + std::to_string(spec.k));
    added_.insert(shortcut);
    return shortcut;
  }

  // expansion: of the channels.
  using Block = Value* (*)(NetBuilder&, Value*, int, int);
  Value* blocks(Block with_conv, Block with_pad, int expansion) {
    Value* in = source();
    const std::string shortcut = text("shortcut");
    if (!shortcut.empty() && shortcut != "conv" && shortcut != "pad") fail("'shortcut' takes \"conv\" or \"pad\"");
    const auto block = [&](NetBuilder& net, Value* x, int channels, int stride) {
      if (shortcut != "pad") return with_conv(net, x, channels, stride);
      check_pads(x, channels * expansion);
      return with_pad(net, x, channels, stride);
    };
    return blocks(in, block, [](Value* x) { return x; });
  }
  Value* blocks(Stream (*block)(NetBuilder&, Stream, int, int)) {
    Value* in = source();
    check_activation(in);
    return relu_of(blocks(Stream{sum_of(in), in}, block, [](const Stream& x) { return x.sum; }));
  }
  Value* inverted_residuals() {
    const int expansion = number("expand", 1, kMaxExpansion, 6);
    const auto block = [&](NetBuilder& net, Value* x, int channels, int stride) {
      if (int64_t{x->c} * expansion > kMaxChannels) fail("it expands to more than " + std::to_string(kMaxChannels) + " channels");
      return inverted_residual_block(net, x, channels, stride, expansion);
    };
    return blocks(source(), block, [](Value* x) { return x; });
  }
  // shortcut: what of its input a block may add.
  template <class X, class Block, class Shortcut>
  X blocks(X x, const Block& block, const Shortcut& shortcut) {
    const int channels = number("channels", 1, kMaxChannels / 4), stride = number("stride", 1, kMaxStride, 1);
    const int repeat = number("repeat", 1, kMaxRepeat, 1);
    check_members();
    check_no_image(shortcut(x));
    for (int i = 0; i < repeat; ++i) {
      check_free(shortcut(x));
      added_.insert(shortcut(x));  // or read by the shortcut's convolution: then it could be read again, but why
      x = block(net_, x, channels, i == 0 ? stride : 1);
    }
    return x;
  }

  // A shortcut without parameters.
  Value* pad_shortcut() {
    Value* in = source();
    PadShortcutSpec spec{};
    spec.channels = number("channels", 1, kMaxChannels);
    spec.stride = number("stride", 1, kMaxStride, 1);
    check_no_image(in);
    check_pads(in, spec.channels);
    spec.before = number("before", 0, spec.channels - in->c, (spec.channels - in->c) / 2);
    check_members();
    return net_.pad_shortcut(in, spec);
  }
  void check_pads(const Value* in, int channels) const {
    if (channels < in->c)
      fail("its shortcut pads " + std::to_string(in->c) + " channels, which cannot become " + std::to_string(channels));
  }

  Value* max_pool() {
    Value* in = source();
    const int size = number("size", 1, kMaxWindow), stride = number("stride", 1, kMaxStride, size);
    const int pad = number("pad", 0, size - 1, 0);
    check_members();
    check_activation(in);
    return net_.max_pool(in, size, stride, pad);
  }

  Value* average_pool() {
    Value* in = source();
    check_members();
    check_activation(in);
    if (in->last_consumer >= 0) fail("the mean must be the only reader of its layer");
    added_.insert(in);
    return net_.global_average_pool(in);
  }

  Value* linear() {
    Value* in = source();
    const int channels = number("channels", 1, kMaxChannels);
    check_members();
    return net_.linear_relu(in, channels);
  }

  void add_layer() {
    const std::string type = text("type"), name = text("name");
    if (type == "conv")
      last_ = conv();
    else if (type == "stream")
      last_ = stream();
    else if (type == "basic")
      last_ = blocks(basic_block, basic_block_a, 1);
    else if (type == "bottleneck")
      last_ = blocks(bottleneck_block, bottleneck_block_a, 4);
    else if (type == "inverted_residual")
      last_ = inverted_residuals();
    else if (type == "basic_v2")
      last_ = blocks(basic_block_v2);
    else if (type == "bottleneck_v2")
      last_ = blocks(bottleneck_block_v2);
    else if (type == "shortcut")
      last_ = pad_shortcut();
    else if (type == "max_pool")
      last_ = max_pool();
    else if (type == "average_pool")
      last_ = average_pool();
    else if (type == "linear")
      last_ = linear();
    else
      fail("its type is " + quoted(type) +
           ", not one of: conv, basic, bottleneck, inverted_residual, stream, basic_v2, bottleneck_v2, shortcut, max_pool, "
           "average_pool, linear");
    made_.emplace_back(last_, number_);
    if (!name.empty() && !names_.emplace(name, last_).second) fail("there is a layer " + quoted(name) + " already");
  }

  const std::string& path_;
  NetBuilder net_;
  Value* last_;
  int number_ = 0;
  const toml::table* layer_ = nullptr;
  std::set<std::string> known_;  // members that the layer may have
  std::map<std::string, Value*> names_;
  std::map<const Value*, Value*> sums_;       // the stream of each layer that has one
  std::set<const Value*> added_;              // nothing may read them any more
  std::vector<std::pair<Value*, int>> made_;  // and the layers' numbers
};

}  // namespace

bool is_net_file(const std::string& model) { return model.ends_with(".toml"); }

std::string read_net_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.empty())
    throw Error("cannot be read, or is empty", path, "--model takes a net's name, or a file that ends with .toml");
  if (text.size() > kMaxBytes) throw Error("it has more than 1 MiB", path, kHint);
  return text;
}

Net build_net(const std::string& text, const std::string& path, int h, int w, int c, int classes) {
  // From a checkpoint it may be of any size.
  if (text.size() > kMaxBytes) throw Error("it has more than 1 MiB", path, kHint);
  if (const int line = line_of_long_key(text); line > 0)
    throw Error("a name of more than " + std::to_string(kMaxKeyParts) + " parts", path + ", line " + std::to_string(line), kHint);
  toml::table file;
  try {
    file = toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw Error("not TOML: " + std::string(e.description()), path + ", line " + std::to_string(e.source().begin.line), kHint);
  }
  return Reader(path, h, w, c, classes).read(file);
}

}  // namespace intrain
