// A small net as an ONNX graph whose parts can be written in many ways: what exporters differ in.
#pragma once

#include <onnx/onnx_pb.h>

#include <functional>
#include <string>
#include <vector>

#include "exchange/import/float_net.h"
#include "models/net_file.h"
#include "support/nets.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain::test {

// An ONNX model that is written node by node. Functions give the name of what they make.
class OnnxBuilder {
 public:
  using Attributes = std::function<void(onnx::NodeProto&)>;

  explicit OnnxBuilder(int64_t operator_set = 17) { model.add_opset_import()->set_version(operator_set); }

  std::string images(const std::vector<int64_t>& shape, const std::string& name = "images") {
    onnx::ValueInfoProto& input = *graph.add_input();
    input.set_name(name);
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : shape) {
      auto& dim = *type.mutable_shape()->add_dim();
      if (size > 0)
        dim.set_dim_value(size);
      else
        dim.set_dim_param("n");
    }
    return name;
  }
  std::string node(const std::string& op, const std::vector<std::string>& inputs, const Attributes& attributes = {}) {
    onnx::NodeProto& n = *graph.add_node();
    n.set_op_type(op);
    n.add_output(op + std::to_string(graph.node_size()));
    n.set_name("node_" + n.output(0));
    for (const std::string& input : inputs) n.add_input(input);
    if (attributes) attributes(n);
    return n.output(0);
  }
  std::string floats(const std::vector<int64_t>& shape, const std::vector<float>& values) {
    onnx::TensorProto& t = tensor(onnx::TensorProto::FLOAT, shape);
    t.set_raw_data(values.data(), values.size() * sizeof(float));
    return t.name();
  }
  std::string integers(const std::vector<int64_t>& values, bool scalar = false) {
    onnx::TensorProto& t = tensor(onnx::TensorProto::INT64, {});
    if (!scalar) t.add_dims(static_cast<int64_t>(values.size()));
    t.set_raw_data(values.data(), values.size() * sizeof(int64_t));
    return t.name();
  }
  onnx::TensorProto& tensor(int32_t type, const std::vector<int64_t>& shape) {
    onnx::TensorProto& t = *graph.add_initializer();
    t.set_name("tensor" + std::to_string(graph.initializer_size()));
    t.set_data_type(type);
    for (const int64_t size : shape) t.add_dims(size);
    return t;
  }
  void output(const std::string& name) { graph.add_output()->set_name(name); }

  void write(const std::string& path) const {
    const std::string bytes = model.SerializeAsString();
    write_bytes(path, Bytes(bytes.begin(), bytes.end()));
  }

  onnx::ModelProto model;
  onnx::GraphProto& graph = *model.mutable_graph();
};

inline OnnxBuilder::Attributes with(const std::string& name, const std::vector<int64_t>& list,
                                    OnnxBuilder::Attributes first = {}) {
  return [=](onnx::NodeProto& n) {
    if (first) first(n);
    onnx::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    a.mutable_ints()->Add(list.begin(), list.end());
  };
}
inline OnnxBuilder::Attributes with_int(const std::string& name, int64_t value, OnnxBuilder::Attributes first = {}) {
  return [=](onnx::NodeProto& n) {
    if (first) first(n);
    onnx::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    a.set_i(value);
  };
}
inline OnnxBuilder::Attributes with_float(const std::string& name, float value, OnnxBuilder::Attributes first = {}) {
  return [=](onnx::NodeProto& n) {
    if (first) first(n);
    onnx::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    a.set_f(value);
  };
}
inline OnnxBuilder::Attributes with_text(const std::string& name, const std::string& value, OnnxBuilder::Attributes first = {}) {
  return [=](onnx::NodeProto& n) {
    if (first) first(n);
    onnx::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    a.set_s(value);
  };
}

// Two 3x3 convolutions with batch norm and ReLU, 4 channels, then 8 at stride 2, the mean, and 3 classes, for images of 6 x 6 x 2. Each
// part may be written in another way: it takes the name of what it reads, and gives that of what it makes.
struct SmallOnnx {
  using Part = std::function<std::string(OnnxBuilder& b, const std::string& in)>;

  // In PyTorch's order.
  std::vector<float> conv1 = numbers(1, 4 * 2 * 9), conv2 = numbers(2, 8 * 4 * 9), linear = numbers(3, 3 * 8),
                     bias = numbers(4, 3);
  std::vector<float> gamma1 = numbers(5, 4), beta1 = numbers(6, 4), mean1 = numbers(7, 4), variance1 = numbers(8, 4, 0.5F);
  std::vector<float> gamma2 = numbers(9, 8), beta2 = numbers(10, 8), mean2 = numbers(11, 8), variance2 = numbers(12, 8, 0.5F);

  int64_t operator_set = 17;
  std::vector<int64_t> shape = {0, 2, 6, 6};
  Part front, first, norm, relu, second, pool, flatten, head, tail;  // none: the usual one

  std::string usual_first(OnnxBuilder& b, const std::string& in) const {
    return b.node("Conv", {in, b.floats({4, 2, 3, 3}, conv1)}, with("pads", {1, 1, 1, 1}));
  }
  std::string usual_norm(OnnxBuilder& b, const std::string& in) const {
    return b.node("BatchNormalization",
                  {in, b.floats({4}, gamma1), b.floats({4}, beta1), b.floats({4}, mean1), b.floats({4}, variance1)});
  }
  std::string usual_second(OnnxBuilder& b, const std::string& in) const {
    const std::string out =
        b.node("Conv", {in, b.floats({8, 4, 3, 3}, conv2)}, with("strides", {2, 2}, with("pads", {1, 1, 1, 1})));
    return b.node("BatchNormalization",
                  {out, b.floats({8}, gamma2), b.floats({8}, beta2), b.floats({8}, mean2), b.floats({8}, variance2)});
  }

  OnnxBuilder build() const {
    OnnxBuilder b(operator_set);
    std::string x = b.images(shape);
    if (front) x = front(b, x);
    x = first ? first(b, x) : usual_first(b, x);
    x = norm ? norm(b, x) : usual_norm(b, x);
    x = relu ? relu(b, x) : b.node("Relu", {x});
    x = second ? second(b, x) : usual_second(b, x);
    x = b.node("Relu", {x});
    x = pool ? pool(b, x) : b.node("GlobalAveragePool", {x});
    x = flatten ? flatten(b, x) : b.node("Flatten", {x});
    x = head ? head(b, x) : b.node("Gemm", {x, b.floats({3, 8}, linear), b.floats({3}, bias)}, with_int("transB", 1));
    b.output(tail ? tail(b, x) : x);
    return b;
  }

  static std::vector<float> numbers(uint64_t seed, int count, float least = -1) {
    Rng rng(seed);
    std::vector<float> list;
    for (int i = 0; i < count; ++i) list.push_back(least + static_cast<float>(rng.range(0, 1024)) / 512);
    return list;
  }
};

// The net of ours that SmallOnnx is.
constexpr const char* kSmallNet = R"(
[[layer]]
type = "conv"
channels = 4
size = 3
pad = 1
[[layer]]
type = "conv"
channels = 8
size = 3
stride = 2
pad = 1
[[layer]]
type = "average_pool"
)";

struct SmallSteps {
  explicit SmallSteps(const std::string& text = kSmallNet, int h = 6, int w = 6, int c = 2, int classes = 3)
      : ready(build_net(text, "small.toml", h, w, c, classes), 1), steps(net_steps(ready.net, "small.toml")) {}
  ReadyNet ready;
  std::vector<NetStep> steps;
};

}  // namespace intrain::test
