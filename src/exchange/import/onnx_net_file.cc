// A net file for the net of an ONNX graph: a chain of layers that are known here, with sums of two branches.
#include <algorithm>
#include <map>
#include <optional>

#include "core/error.h"
#include "exchange/import/float_graph.h"

namespace intrain {

namespace {

constexpr const char* kGraphHint =
    "the net cannot be taken from the graph as it is: give `model` a net that is the same, or export one that docs/nets.md can "
    "describe";

class Describer {
 public:
  Describer(const OnnxModel& model, const FloatGraph& graph, bool new_head)
      : model_(model), graph_(graph), new_head_(new_head), done_(graph.ops.size()) {}

  // The text, but for the last layer, which is not written.
  std::string describe(int classes) {
    check_weights();
    layers_of_[graph_.images] = kImages;
    const int head = find_head(classes);
    for (int i = 0; i < static_cast<int>(graph_.ops.size()); ++i)
      if (i != head && ends_layer(i)) add_layer(i);
    for (int i = 0; i < static_cast<int>(graph_.ops.size()); ++i)
      if (i != head && !done_[static_cast<size_t>(i)]) fail(i, "is no part of a layer");
    const int last = layer_of(head < 0 ? graph_.result : graph_.op(head).in, head);
    if (last != static_cast<int>(layers_.size()) - 1) fail(head, "does not read the last layer");
    if (layers_.empty()) fail(head, "is the whole net: a net file has one layer before it at least");
    return text();
  }

 private:
  static constexpr int kImages = -1;
  struct Layer {
    std::string node;
    std::string members;  // as TOML, but for these
    int input = kImages;  // layer
    int add = kImages;    // or none
    bool named = false;
    bool rectified = true;  // has a ReLU, or is the mean or maximum of one that has
  };

  [[noreturn]] void fail(int op, const std::string& what) const {
    throw Error((op < 0 ? "the graph's output" : graph_.op(op).node) + " " + what, model_.path(), kGraphHint);
  }

  // A file of a few bytes must not ask for a net that no memory holds.
  void check_weights() const {
    const int64_t most = model_.stored_bytes();
    int64_t weights = 0;
    for (int i = 0; i < static_cast<int>(graph_.ops.size()); ++i) {
      int64_t count = graph_.op(i).learns() ? 1 : 0;
      for (const int64_t size : graph_.op(i).weight_shape)
        count = size > most / std::max<int64_t>(count, 1) ? most : count * size;
      weights += count;
      if (weights >= most) fail(i, "has more weights, with those before it, than the file holds numbers");
    }
  }

  // The linear layer of the logits; -1 if the graph has none and needs none.
  int find_head(int classes) const {
    const FloatValue& result = graph_.value(graph_.result);
    const bool linear = result.producer >= 0 && graph_.op(result.producer).kind == FloatOp::Kind::kLinear;
    if (!result.readers.empty()) fail(result.readers[0], "reads the graph's output");
    if (!linear && new_head_) return -1;
    if (!linear) fail(result.producer, "ends the net, which a linear layer must do");
    if (result.c != classes && !new_head_)
      throw Error(graph_.op(result.producer).node + " has " + std::to_string(result.c) + " outputs, the data " +
                      std::to_string(classes) + " classes",
                  model_.path(), "give the `data` that the net was trained for, or take it without its last layer: `new_head`");
    return result.producer;
  }

  bool is(int op, FloatOp::Kind kind) const { return op >= 0 && graph_.op(op).kind == kind; }
  bool activates(int op) const { return is(op, FloatOp::Kind::kRelu) || is(op, FloatOp::Kind::kRelu6); }

  // The convolution that an Add is one layer with: the later of its inputs that are such, so that the other is there already.
  int summed(int add) const {
    int conv = -1;
    for (const int value : {graph_.op(add).in, graph_.op(add).other}) {
      const int producer = graph_.value(value).producer;
      if (is(producer, FloatOp::Kind::kConv) && graph_.only_reader(value) == add) conv = std::max(conv, producer);
    }
    return conv;
  }

  // Whether the operation is the last of a layer: what reads it alone does not belong to it.
  bool ends_layer(int i) const {
    const FloatOp& op = graph_.op(i);
    const int reader = graph_.only_reader(op.out);
    switch (op.kind) {
      case FloatOp::Kind::kConv:
        return !activates(reader) && !(is(reader, FloatOp::Kind::kAdd) && summed(reader) == i);
      case FloatOp::Kind::kAdd:
      case FloatOp::Kind::kLinear:
        return !activates(reader);
      default:
        return true;
    }
  }

  // The layer whose output a value is.
  int layer_of(int value, int reader) const {
    const auto at = layers_of_.find(value);
    if (at == layers_of_.end()) fail(reader, "reads '" + graph_.value(value).name + "', which is within a layer");
    return at->second;
  }

  void add_layer(int last) {
    int i = last;
    const auto take = [&] {
      done_[static_cast<size_t>(i)] = true;
      return &graph_.op(i);
    };
    const FloatOp* op = take();
    Layer layer{op->node, ""};
    std::optional<FloatOp::Kind> activation;
    if (activates(i)) {
      activation = op->kind;
      i = graph_.value(op->in).producer;
      if (i < 0 || done_[static_cast<size_t>(i)]) fail(last, "follows no convolution and no linear layer");
      op = take();
    }
    if (op->kind == FloatOp::Kind::kAdd) {
      const int add = i, conv = summed(add);
      if (conv < 0 || done_[static_cast<size_t>(conv)]) fail(add, "adds no convolution");
      const int other = graph_.op(conv).out == op->in ? op->other : op->in;
      layer.add = layer_of(other, add);
      if (layer.add == kImages) fail(add, "adds the images");
      i = conv;
      op = take();
    }
    layer.node = op->node;
    layer.input = layer_of(op->in, i);
    describe(layer, i, last, activation);
    layers_of_[graph_.op(last).out] = static_cast<int>(layers_.size());
    layers_.push_back(layer);
  }

  // The members of a layer of the operations from `i` to `last`.
  void describe(Layer& layer, int i, int last, std::optional<FloatOp::Kind> activation) {
    const FloatOp& op = graph_.op(i);
    const std::string window = "size = " + std::to_string(op.size) + "\nstride = " + std::to_string(op.stride) +
                               "\npad = " + std::to_string(op.pad) + "\n";
    const std::string channels = "channels = " + std::to_string(graph_.value(op.out).c) + "\n";
    switch (op.kind) {
      case FloatOp::Kind::kConv:
        layer.members = "type = \"conv\"\n" + channels + window;
        if (op.groups != 1) layer.members += "groups = " + std::to_string(op.groups) + "\n";
        layer.rectified = activation.has_value();
        if (activation == FloatOp::Kind::kRelu6) layer.members += "activation = \"relu6\"\n";
        if (!activation) {
          // What a layer with a ReLU adds needs no range of its own.
          const int reader = graph_.only_reader(graph_.op(last).out);
          const bool only_added = is(reader, FloatOp::Kind::kAdd) && layer.add == kImages;
          layer.members += only_added ? "relu = false\n" : "activation = \"linear\"\n";
        }
        break;
      case FloatOp::Kind::kLinear:
        if (activation != FloatOp::Kind::kRelu) fail(i, "has no ReLU behind it, and is not the last layer");
        layer.members = "type = \"linear\"\n" + channels;
        break;
      case FloatOp::Kind::kMaxPool:
        need_rectified(layer, i);
        layer.members = "type = \"max_pool\"\n" + window;
        break;
      case FloatOp::Kind::kAveragePool:
        need_rectified(layer, i);
        if (graph_.only_reader(op.in) < 0) fail(i, "takes the mean of what others read, too");
        layer.members = "type = \"average_pool\"\n";
        break;
      default:
        fail(i, "is no layer of a net here");
    }
  }

  void need_rectified(const Layer& layer, int op) const {
    if (layer.input == kImages || !layers_[static_cast<size_t>(layer.input)].rectified)
      fail(op, "reads '" + graph_.value(graph_.op(op).in).name + "', which no ReLU makes");
  }

  std::string text() {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      if (layer.input != kImages && layer.input != static_cast<int>(i) - 1)
        layers_[static_cast<size_t>(layer.input)].named = true;
      if (layer.add != kImages) layers_[static_cast<size_t>(layer.add)].named = true;
    }
    const auto name = [](int layer) { return layer == kImages ? std::string("input") : "layer" + std::to_string(layer + 1); };
    std::string text;
    for (int i = 0; i < static_cast<int>(layers_.size()); ++i) {
      const Layer& layer = layers_[static_cast<size_t>(i)];
      text += "[[layer]]\n" + layer.members;
      if (layer.named) text += "name = \"" + name(i) + "\"\n";
      if (layer.input != i - 1) text += "input = \"" + name(layer.input) + "\"\n";
      if (layer.add != kImages) text += "add = \"" + name(layer.add) + "\"\n";
      text += "\n";
    }
    return text;
  }

  const OnnxModel& model_;
  const FloatGraph& graph_;
  const bool new_head_;
  std::vector<bool> done_;        // operations
  std::map<int, int> layers_of_;  // by value
  std::vector<Layer> layers_;
};

}  // namespace

std::string describe_onnx_net(const std::string& path, int h, int w, int c, int classes, bool new_head) {
  const OnnxModel model(path);
  const FloatGraph graph = read_float_graph(model, h, w, c);
  return Describer(model, graph, new_head).describe(classes);
}

}  // namespace intrain
