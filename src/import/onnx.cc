#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/formats.h"
#include "core/error.h"
#include "import/float_net.h"
#include "io/read_file.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian");

namespace {

constexpr const char* kHint =
    "--model must be the net of the file, in floating point; where only the classes are others, --new-head";
constexpr int64_t kMaxBytes = INT32_MAX;  // of a protobuf message

using Nodes = std::vector<const onnx::NodeProto*>;

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const char* name) {
  for (const onnx::AttributeProto& a : node.attribute())
    if (a.name() == name) return &a;
  return nullptr;
}
int64_t integer(const onnx::NodeProto& node, const char* name, int64_t otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : a->i();
}
float number(const onnx::NodeProto& node, const char* name, float otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : a->f();
}
std::vector<int64_t> integers(const onnx::NodeProto& node, const char* name, const std::vector<int64_t>& otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : std::vector<int64_t>(a->ints().begin(), a->ints().end());
}

onnx::ModelProto read_model(const std::string& path) {
  const std::vector<uint8_t> bytes = read_file(path, 1, kMaxBytes, "not an ONNX model", kHint);
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || model.graph().node().empty())
    throw Error("not an ONNX model", path, kHint);
  return model;
}

// Walks along the graph as the steps of our net say.
class Follower {
 public:
  Follower(const std::string& path, bool new_head) : path_(path), new_head_(new_head), model_(read_model(path)) {
    for (const onnx::TensorProto& t : graph().initializer()) initializers_[t.name()] = &t;
    for (const onnx::NodeProto& node : graph().node()) {
      for (const std::string& output : node.output()) producers_[output] = &node;
      for (const std::string& input : node.input()) readers_[input].push_back(&node);
    }
  }

  std::vector<FloatLayer> read(const std::vector<NetStep>& steps) {
    find_input(steps.front());
    std::vector<FloatLayer> layers;
    for (const NetStep& step : steps) {
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
        case NetStep::Kind::kAveragePool:
          tensors_[step.out] = follow(tensors_.at(step.in), "GlobalAveragePool").output(0);
          break;
      }
    }
    check_all_used();
    return layers;
  }

 private:
  const onnx::GraphProto& graph() const { return model_.graph(); }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(step_ == nullptr ? what : "layer " + step_->name + ": " + what, path_, kHint);
  }
  static std::string called(const onnx::NodeProto& node) {
    return node.op_type() + " '" + (node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name()) + "'";
  }

  void find_input(const NetStep& first) {
    std::vector<std::string> inputs;
    for (const onnx::ValueInfoProto& value : graph().input())
      if (!initializers_.contains(value.name())) inputs.push_back(value.name());
    if (inputs.size() != 1) fail("the graph has " + std::to_string(inputs.size()) + " inputs, not one");
    tensors_[first.in] = inputs[0];
  }

  // The node of that kind that reads the tensor, through what changes no number. If there are several, the first that `fits`.
  template <class Fits>
  const onnx::NodeProto* find(const std::string& tensor, const char* op, const Fits& fits) {
    static const std::set<std::string> kPassed = {"Identity", "Dropout", "Flatten", "Reshape", "Squeeze"};
    std::vector<std::string> reached{tensor};
    std::set<std::string> seen{tensor};
    for (size_t i = 0; i < reached.size(); ++i)
      for (const onnx::NodeProto* node : readers(reached[i])) {
        if (node->output_size() == 0) continue;
        if (node->op_type() == op && !used_.contains(node) && fits(*node)) {
          used_.insert(node);
          return node;
        }
        if (kPassed.contains(node->op_type()) && node->input(0) == reached[i] && seen.insert(node->output(0)).second) {
          used_.insert(node);
          reached.push_back(node->output(0));
        }
      }
    return nullptr;
  }
  const onnx::NodeProto& follow(const std::string& tensor, const char* op) {
    const onnx::NodeProto* node = find(tensor, op, [](const onnx::NodeProto&) { return true; });
    if (node == nullptr) fail(std::string("no ") + op + " reads '" + tensor + "'");
    return *node;
  }
  const Nodes& readers(const std::string& tensor) const {
    static const Nodes kNone;
    const auto at = readers_.find(tensor);
    return at == readers_.end() ? kNone : at->second;
  }

  // The constant of that name: an initializer, a Constant, or an Identity of one; null if it is computed.
  const onnx::TensorProto* constant(std::string name) {
    for (int passed = 0; passed <= graph().node_size(); ++passed) {
      if (const auto at = initializers_.find(name); at != initializers_.end()) {
        used_tensors_.insert(at->second);
        return at->second;
      }
      const auto at = producers_.find(name);
      if (at == producers_.end()) return nullptr;
      const onnx::NodeProto& node = *at->second;
      if (node.op_type() == "Constant") {
        const onnx::AttributeProto* value = attribute(node, "value");
        return value == nullptr || !value->has_t() ? nullptr : &value->t();
      }
      if (node.op_type() != "Identity" || node.input_size() != 1) return nullptr;
      used_.insert(&node);
      name = node.input(0);
    }
    return nullptr;
  }

  const onnx::TensorProto& input_tensor(const onnx::NodeProto& node, int i, const char* what) {
    const onnx::TensorProto* t = i < node.input_size() ? constant(node.input(i)) : nullptr;
    if (t == nullptr) fail(called(node) + " has no constant " + what);
    return *t;
  }
  bool has_input(const onnx::NodeProto& node, int i) const { return i < node.input_size() && !node.input(i).empty(); }

  static std::vector<int64_t> shape_of(const onnx::TensorProto& t) { return {t.dims().begin(), t.dims().end()}; }

  // Checked to be of that shape before memory is taken; ours, so its size is known to be possible.
  std::vector<float> values(const onnx::TensorProto& t, const std::vector<int64_t>& shape) const {
    if (shape_of(t) != shape)
      fail("tensor '" + t.name() + "' has the shape " + shape_text(shape_of(t)) + ", not " + shape_text(shape));
    if (t.data_type() != onnx::TensorProto::FLOAT) fail("tensor '" + t.name() + "' is not float");
    if (t.data_location() == onnx::TensorProto::EXTERNAL) fail("tensor '" + t.name() + "' lies in another file");
    size_t count = 1;
    for (const int64_t size : shape) count *= static_cast<size_t>(size);
    std::vector<float> list;
    if (t.has_raw_data() && t.raw_data().size() == count * sizeof(float)) {
      list.resize(count);
      std::memcpy(list.data(), t.raw_data().data(), t.raw_data().size());
    } else if (!t.has_raw_data() && static_cast<size_t>(t.float_data_size()) == count) {
      list.assign(t.float_data().begin(), t.float_data().end());
    } else {
      fail("tensor '" + t.name() + "' holds another number of values than its shape says");
    }
    for (const float v : list)
      if (!std::isfinite(v)) fail("tensor '" + t.name() + "' holds numbers that are not finite");
    return list;
  }

  static bool same_window(const onnx::NodeProto& node, int64_t size, int64_t stride, int64_t pad) {
    const onnx::AttributeProto* automatic = attribute(node, "auto_pad");
    return (automatic == nullptr || automatic->s() == "NOTSET") &&
           integers(node, "kernel_shape", {size, size}) == std::vector<int64_t>{size, size} &&
           integers(node, "strides", {1, 1}) == std::vector<int64_t>{stride, stride} &&
           integers(node, "pads", {0, 0, 0, 0}) == std::vector<int64_t>{pad, pad, pad, pad} &&
           integers(node, "dilations", {1, 1}) == std::vector<int64_t>{1, 1};
  }

  FloatLayer conv(const NetStep& step) {
    const ops::ConvShape& s = step.conv;
    const onnx::NodeProto* found = find(tensors_.at(step.in), "Conv", [&](const onnx::NodeProto& node) {
      const onnx::TensorProto* weight = node.input_size() > 1 ? constant(node.input(1)) : nullptr;
      return weight != nullptr && shape_of(*weight) == weight_shape(step) && same_window(node, s.kh, s.stride, s.pad) &&
             integer(node, "group", 1) == s.groups;
    });
    if (found == nullptr)
      fail("no Conv with weights " + shape_text(weight_shape(step)) + ", stride " + std::to_string(s.stride) + ", pad " +
           std::to_string(s.pad) + " reads '" + tensors_.at(step.in) + "'");
    const std::vector<int64_t> channels{s.k};
    FloatLayer layer;
    layer.source = called(*found);
    layer.weight = channels_last(step, values(input_tensor(*found, 1, "weight"), weight_shape(step)));
    if (has_input(*found, 2)) layer.bias = values(input_tensor(*found, 2, "bias"), channels);
    std::string tensor = found->output(0);
    const onnx::NodeProto* norm = find(tensor, "BatchNormalization", [](const onnx::NodeProto&) { return true; });
    layer.folded = norm == nullptr;
    if (layer.folded) {
      layer.bias.resize(static_cast<size_t>(s.k));
    } else {
      layer.source += ", " + called(*norm);
      const float epsilon = number(*norm, "epsilon", 1e-5F);
      if (!std::isfinite(epsilon) || epsilon < 0) fail(called(*norm) + " has an epsilon of " + std::to_string(epsilon));
      const auto numbers = [&](int i, const char* what) {
        const std::vector<float> list = values(input_tensor(*norm, i, what), channels);
        return std::vector<double>(list.begin(), list.end());
      };
      layer.gamma = numbers(1, "scale");
      layer.beta = numbers(2, "bias");
      layer.mean = numbers(3, "mean");
      layer.variance = numbers(4, "variance");
      for (size_t i = 0; i < layer.mean.size(); ++i) {
        if (layer.variance[i] < 0) fail(called(*norm) + " has a negative variance");
        layer.variance[i] += epsilon;
        if (!layer.bias.empty()) layer.mean[i] -= layer.bias[i];
      }
      tensor = norm->output(0);
    }
    if (step.shortcut != nullptr) {
      const std::string& other = tensors_.at(step.shortcut);
      const onnx::NodeProto* sum = find(tensor, "Add", [&](const onnx::NodeProto& node) {
        return node.input_size() == 2 && (node.input(0) == other || node.input(1) == other);
      });
      if (sum == nullptr) fail("no Add of '" + tensor + "' and '" + other + "'");
      tensor = sum->output(0);
    }
    tensors_[step.out] = step.out->kind == Value::Kind::kActivation ? activation(step.relu6, tensor) : tensor;
    return layer;
  }

  std::string activation(bool relu6, const std::string& tensor) {
    if (!relu6) return follow(tensor, "Relu").output(0);
    const onnx::NodeProto& clip = follow(tensor, "Clip");
    // Attributes, until operator set 10; then inputs.
    const auto bound = [&](int i, const char* name) {
      return has_input(clip, i) ? values(input_tensor(clip, i, name), {})[0] : number(clip, name, NAN);
    };
    if (bound(1, "min") != 0 || bound(2, "max") != 6) fail(called(clip) + " is no ReLU6");
    return clip.output(0);
  }

  void max_pool(const NetStep& step) {
    const onnx::NodeProto& pool = follow(tensors_.at(step.in), "MaxPool");
    if (!same_window(pool, step.pool.size, step.pool.stride, step.pool.pad) || integer(pool, "ceil_mode", 0) != 0)
      fail(called(pool) + " is not of size " + std::to_string(step.pool.size) + ", stride " + std::to_string(step.pool.stride) +
           ", pad " + std::to_string(step.pool.pad));
    tensors_[step.out] = pool.output(0);
  }

  FloatLayer linear(const NetStep& step) {
    const onnx::NodeProto& gemm = follow(tensors_.at(step.in), "Gemm");
    if (number(gemm, "alpha", 1) != 1 || number(gemm, "beta", 1) != 1 || integer(gemm, "transA", 0) != 0)
      fail(called(gemm) + " is no linear layer");
    const bool head = step.out == nullptr;
    if (head)
      logits_ = gemm.output(0);
    else
      tensors_[step.out] = follow(gemm.output(0), "Relu").output(0);
    FloatLayer layer;
    layer.source = called(gemm);
    const onnx::TensorProto& weight = input_tensor(gemm, 1, "weight");
    if (head && new_head_) {
      if (has_input(gemm, 2)) input_tensor(gemm, 2, "bias");
      layer.source = "new";
      return layer;
    }
    std::vector<int64_t> shape = weight_shape(step);
    const int64_t outputs = shape[0], inputs = shape[1];
    const bool transposed = integer(gemm, "transB", 0) != 0;
    if (!transposed) std::swap(shape[0], shape[1]);
    std::vector<float> w = values(weight, shape);
    if (!transposed) {
      const std::vector<float> columns = w;
      for (int64_t i = 0; i < outputs; ++i)
        for (int64_t j = 0; j < inputs; ++j)
          w[static_cast<size_t>(i * inputs + j)] = columns[static_cast<size_t>(j * outputs + i)];
    }
    layer.weight = channels_last(step, w);
    layer.bias =
        has_input(gemm, 2) ? values(input_tensor(gemm, 2, "bias"), {outputs}) : std::vector<float>(static_cast<size_t>(outputs));
    return layer;
  }

  void check_all_used() {
    step_ = nullptr;
    for (const onnx::NodeProto& node : graph().node()) {
      if (used_.contains(&node) || node.op_type() == "Constant") continue;
      fail(called(node) + " is no part of the net");
    }
    for (const auto& [name, tensor] : initializers_)
      if (!used_tensors_.contains(tensor) && tensor->data_type() == onnx::TensorProto::FLOAT)
        fail("tensor '" + name + "' is no part of the net");
    if (graph().output_size() != 1 || graph().output(0).name() != logits_) fail("the graph's output is not its last Gemm");
  }

  const std::string path_;
  const bool new_head_;
  const onnx::ModelProto model_;
  std::map<std::string, const onnx::TensorProto*> initializers_;
  std::map<std::string, const onnx::NodeProto*> producers_;
  std::map<std::string, Nodes> readers_;
  std::map<const Value*, std::string> tensors_;  // of our values
  std::set<const onnx::NodeProto*> used_;
  std::set<const onnx::TensorProto*> used_tensors_;
  std::string logits_;
  const NetStep* step_ = nullptr;  // that is looked for
};

}  // namespace

std::vector<FloatLayer> read_onnx_net(const std::string& path, const std::vector<NetStep>& steps, bool new_head) {
  return Follower(path, new_head).read(steps);
}

}  // namespace intrain
