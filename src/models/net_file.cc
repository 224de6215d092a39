#include "models/net_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

// Reads one net: what its tables say. Whether a layer can be what they say, NetBuilder checks.
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
      try {
        add_layer();
      } catch (const LayerError& e) {
        fail(e.problem);
      } catch (const Error& e) {  // of the net as a whole
        if (e.setting != "model") throw;
        throw Error(e.what(), place(), e.hint);
      }
    }
    layer_ = nullptr;
    if (!last_->readable()) fail("the last layer has no ReLU");
    for (const auto& [value, number] : made_)
      if (value != last_ && value->last_consumer <= value->producer)
        fail("the output of layer " + std::to_string(number) + " is read by none");
    return net_.linear_logits(last_);
  }

 private:
  std::string place() const { return layer_ == nullptr ? path_ : path_ + ", layer " + std::to_string(number_); }
  [[noreturn]] void fail(const std::string& what) const { throw Error(what, place(), kHint); }

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
    return name.empty() ? last_ : named(name);
  }
  void check_no_image(const Value* in) const {
    if (in->kind == Value::Kind::kInput) fail("it cannot read the images");
  }
  void check_activation(const Value* in) const {
    check_no_image(in);
    if (in->kind == Value::Kind::kSigned) fail("it reads a layer with a ReLU only");
  }

  ConvSpec conv_spec() {
    const int channels = number("channels", 1, kMaxChannels), size = number("size", 1, kMaxWindow);
    const int stride = number("stride", 1, kMaxStride, 1), pad = number("pad", 0, size - 1, 0);
    return {channels, size, stride, pad, number("groups", 1, kMaxChannels, 1), number("height", 1, kMaxWindow, 0)};
  }

  Value* conv() {
    Value* in = source();
    const ConvSpec spec = conv_spec();
    const std::string add = text("add"), activation = text("activation");
    const bool relu = flag("relu", true), norm = flag("batch_norm", true);
    check_members();
    if (!norm && (!relu || !add.empty() || (!activation.empty() && activation != "relu")))
      fail("a convolution without batch norm has a bias and a ReLU, and adds nothing");
    if (!norm) return net_.conv_relu(in, spec);
    if (!activation.empty() && activation != "relu" && activation != "relu6" && activation != "linear")
      fail("'activation' takes \"relu\", \"relu6\" or \"linear\"");
    if (!relu && !activation.empty()) fail("'relu' and 'activation' say the same: take one");
    if (!relu && add.empty()) return net_.conv_bn(in, spec);
    if (!relu) fail("a layer that adds another has a ReLU, or activation = \"linear\"");
    Value* shortcut = add.empty() ? nullptr : named(add);
    if (activation == "relu6") return net_.conv_bn_relu6(in, spec, shortcut);
    if (activation == "linear") return net_.conv_bn_linear(in, spec, shortcut);
    return add.empty() ? net_.conv_bn_relu(in, spec) : net_.conv_bn_add_relu(in, spec, shortcut);
  }

  // A convolution into the stream of a pre-activation net.
  Value* stream() {
    Value* in = source();
    const ConvSpec spec = conv_spec();
    const std::string add = text("add");
    const bool relu = flag("relu", true);
    check_members();
    if (!relu && !add.empty()) fail("a layer that adds another has a ReLU");
    Value* shortcut = add.empty() ? nullptr : sum_of(named(add));
    return relu ? relu_of(net_.conv_add_stream(in, spec, shortcut)) : net_.conv_stream(in, spec);
  }
  Value* relu_of(const Stream& stream) {
    sums_.emplace(stream.relu, stream.sum);
    return stream.relu;
  }

  using Block = Value* (*)(NetBuilder&, Value*, int, int);
  Value* blocks(Block with_conv, Block with_pad) {
    Value* in = source();
    const std::string shortcut = text("shortcut");
    if (!shortcut.empty() && shortcut != "conv" && shortcut != "pad") fail("'shortcut' takes \"conv\" or \"pad\"");
    const auto block = [&](NetBuilder& net, Value* x, int channels, int stride) {
      return (shortcut == "pad" ? with_pad : with_conv)(net, x, channels, stride);
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
    for (int i = 0; i < repeat; ++i) x = block(net_, x, channels, i == 0 ? stride : 1);
    return x;
  }

  // A shortcut without parameters.
  Value* pad_shortcut() {
    Value* in = source();
    PadShortcutSpec spec{};
    spec.channels = number("channels", 1, kMaxChannels);
    spec.stride = number("stride", 1, kMaxStride, 1);
    const int added = std::max(0, spec.channels - in->c);
    spec.before = number("before", 0, added, added / 2);
    check_members();
    return net_.pad_shortcut(in, spec);
  }

  Value* max_pool() {
    Value* in = source();
    const int size = number("size", 1, kMaxWindow), stride = number("stride", 1, kMaxStride, size);
    const int pad = number("pad", 0, size - 1, 0);
    check_members();
    return net_.max_pool(in, size, stride, pad);
  }

  Value* average_pool() {
    Value* in = source();
    check_members();
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
      last_ = blocks(basic_block, basic_block_a);
    else if (type == "bottleneck")
      last_ = blocks(bottleneck_block, bottleneck_block_a);
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
  std::vector<std::pair<Value*, int>> made_;  // and the layers' numbers
};

}  // namespace

bool is_net_file(const std::string& model) { return model.ends_with(".toml"); }

std::string read_net_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(std::string("cannot open the file: ") + std::strerror(errno), path, "check the path");
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.empty()) throw Error("it is empty, or no file", path, kHint);
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
