// The steps of our net beside the operations of an ONNX graph: which of them is which.
#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "exchange/import/float_graph.h"

namespace intrain {

namespace {

constexpr const char* kLayerHint =
    "`model` must be the net of the file, in floating point; without `model` the net is taken from the graph; where only the "
    "classes are others, `new_head`";

// Walks along the graph as the steps of our net say. Where two convolutions of one shape read the same it takes the one whose output is
// read as the step's is. Each operation's inputs are those of its step, so what is found is the same net, or an Error.
class Follower {
 public:
  Follower(const OnnxModel& model, const FloatGraph& graph, const std::vector<NetStep>& steps, bool new_head)
      : model_(model), graph_(graph), steps_(steps), new_head_(new_head), used_(graph.ops.size()) {}

  std::vector<FloatLayer> read() {
    values_[steps_.front().in] = graph_.images;
    std::vector<FloatLayer> layers;
    for (const NetStep& step : steps_) {
      step_ = &step;
      switch (step.kind) {
        case NetStep::Kind::kConv:
          layers.push_back(conv(step));
          break;
        case NetStep::Kind::kLinear:
          layers.push_back(linear(step));
          break;
        case NetStep::Kind::kMaxPool:
          max_pool(step);
          break;
        case NetStep::Kind::kAveragePool: {
          // That over one pixel is the pixel, and nothing in the graph.
          const int in = values_.at(step.in);
          const FloatOp* op = find(in, FloatOp::Kind::kAveragePool, [](const FloatOp&) { return 1; });
          if (op == nullptr && step.in->pixels() != 1) fail("no mean over the image reads '" + name(in) + "'" + others(in));
          values_[step.out] = op == nullptr ? in : op->out;
          break;
        }
        case NetStep::Kind::kPadShortcut:
          fail("shortcuts without parameters are not followed in graphs: take the net's tensors, with `safetensors`");
      }
    }
    step_ = nullptr;
    for (size_t i = 0; i < used_.size(); ++i)
      if (!used_[i]) fail(graph_.ops[i].node + " is no part of the net");
    if (graph_.result != logits_) fail("the graph's output is not its last linear layer");
    return layers;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(step_ == nullptr ? what : "layer " + step_->name + ": " + what, model_.path(), kLayerHint);
  }
  const std::string& name(int value) const { return graph_.value(value).name; }

  // The operation of that kind that reads the value and is not taken yet. If there are several, the first for which `fits` gives most;
  // none where it gives 0.
  template <class Fits>
  const FloatOp* find(int value, FloatOp::Kind kind, const Fits& fits) {
    int best = -1, most = 0;
    for (const int reader : graph_.value(value).readers) {
      if (graph_.op(reader).kind != kind || used_[static_cast<size_t>(reader)]) continue;
      const int fit = fits(graph_.op(reader));
      if (fit > most) {
        best = reader;
        most = fit;
      }
    }
    if (best < 0) return nullptr;
    used_[static_cast<size_t>(best)] = true;
    return &graph_.op(best);
  }
  const FloatOp& follow(int value, FloatOp::Kind kind, const std::string& what) {
    const FloatOp* op = find(value, kind, [](const FloatOp&) { return 1; });
    if (op == nullptr) fail("no " + what + " reads '" + name(value) + "'" + others(value));
    return *op;
  }
  // What reads the value instead, for people.
  std::string others(int value) const {
    std::string text;
    for (const int reader : graph_.value(value).readers) {
      const FloatOp& op = graph_.op(reader);
      if (used_[static_cast<size_t>(reader)]) continue;
      text += (text.empty() ? ", but " : ", ") + op.node;
      if (op.kind == FloatOp::Kind::kConv)
        text += " with weights " + shape_text(op.weight_shape) + ", stride " + std::to_string(op.stride) + ", pad " +
                std::to_string(op.pad);
      if (text.size() > 200) break;
    }
    return text;
  }

  // Whether the value is read by such an operation.
  bool read_by(int value, FloatOp::Kind kind) const {
    const std::vector<int>& readers = graph_.value(value).readers;
    return std::any_of(readers.begin(), readers.end(), [&](int reader) { return graph_.op(reader).kind == kind; });
  }
  static FloatOp::Kind activation_of(const NetStep& step) { return step.relu6 ? FloatOp::Kind::kRelu6 : FloatOp::Kind::kRelu; }
  // Whether what follows the convolution in the graph is what follows it in the step.
  bool continues(const FloatOp& op, const NetStep& step) const {
    const bool added = step.shortcut != nullptr || step.out->kind == Value::Kind::kNormalized;
    if (added) return read_by(op.out, FloatOp::Kind::kAdd);
    return read_by(op.out, activation_of(step)) == (step.out->kind == Value::Kind::kActivation);
  }

  FloatLayer conv(const NetStep& step) {
    const ConvShape& s = step.conv;
    const int in = values_.at(step.in);
    const FloatOp* op = find(in, FloatOp::Kind::kConv, [&](const FloatOp& o) {
      const bool same = o.weight_shape == weight_shape(step) && o.stride == s.stride && o.pad == s.pad && o.groups == s.groups;
      return !same ? 0 : continues(o, step) ? 2 : 1;
    });
    if (op == nullptr)
      fail("no Conv with weights " + shape_text(weight_shape(step)) + ", stride " + std::to_string(s.stride) + ", pad " +
           std::to_string(s.pad) + " reads '" + name(in) + "'" + others(in));
    int out = op->out;
    if (step.shortcut != nullptr) {
      const int other = values_.at(step.shortcut);
      const FloatOp* sum = find(out, FloatOp::Kind::kAdd, [&](const FloatOp& o) { return o.in == other || o.other == other; });
      if (sum == nullptr) fail("no Add of '" + name(out) + "' and '" + name(other) + "'");
      out = sum->out;
    }
    if (step.out->kind == Value::Kind::kActivation) out = follow(out, activation_of(step), step.relu6 ? "ReLU6" : "Relu").out;
    values_[step.out] = out;
    return read_float_layer(model_, *op, step);
  }

  void max_pool(const NetStep& step) {
    const FloatOp& op = follow(values_.at(step.in), FloatOp::Kind::kMaxPool, "MaxPool");
    if (op.size != step.pool.size || op.stride != step.pool.stride || op.pad != step.pool.pad)
      fail(op.node + " is not of size " + std::to_string(step.pool.size) + ", stride " + std::to_string(step.pool.stride) +
           ", pad " + std::to_string(step.pool.pad));
    values_[step.out] = op.out;
  }

  FloatLayer linear(const NetStep& step) {
    const bool head = step.out == nullptr;
    const int in = values_.at(step.in);
    if (head) logits_ = in;
    if (head && new_head_ && graph_.result == in) return {.source = "new"};  // the file ends before its last layer
    const FloatOp& op = follow(in, FloatOp::Kind::kLinear, "Gemm");
    if (head)
      logits_ = op.out;
    else
      values_[step.out] = follow(op.out, FloatOp::Kind::kRelu, "Relu").out;
    if (head && new_head_) return {.source = "new"};
    if (op.weight_shape != weight_shape(step))
      fail(op.node + " has " + std::to_string(op.weight_shape[0]) + " outputs, not " + std::to_string(weight_shape(step)[0]));
    return read_float_layer(model_, op, step);
  }

  const OnnxModel& model_;
  const FloatGraph& graph_;
  const std::vector<NetStep>& steps_;
  const bool new_head_;
  std::vector<bool> used_;              // operations
  std::map<const Value*, int> values_;  // of the graph, of ours
  int logits_ = -1;
  const NetStep* step_ = nullptr;  // that is looked for
};

}  // namespace

std::vector<FloatLayer> read_onnx_net(const std::string& path, const std::vector<NetStep>& steps, bool new_head) {
  const OnnxModel model(path);
  const Value& images = *steps.front().in;
  const FloatGraph graph = read_float_graph(model, images.h, images.w, images.c);
  return Follower(model, graph, steps, new_head).read();
}

}  // namespace intrain
