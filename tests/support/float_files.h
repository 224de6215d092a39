// Nets in floating point as files, made without the programs that usually write them.
#pragma once

#include <onnx/onnx_pb.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/formats.h"
#include "exchange/import/float_net.h"
#include "io/safetensors.h"
#include "support/temp_folder.h"

namespace intrain::test {

struct FloatTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
  bool operator==(const FloatTensor&) const = default;
};
using FloatTensors = std::map<std::string, FloatTensor>;

inline void write_tensors(const std::string& path, const FloatTensors& tensors) {
  std::vector<SafeTensor> list;
  for (const auto& [name, t] : tensors) list.push_back({name, "F32", t.shape, t.values.data()});
  write_safetensors(path, {}, list);
}

template <class Integer>
std::vector<float> floats_of(const Integer* values, size_t count, int exp) {
  std::vector<float> list;
  for (size_t i = 0; i < count; ++i) list.push_back(static_cast<float>(std::ldexp(static_cast<double>(values[i]), exp)));
  return list;
}

// The inverse of channels_last.
inline FloatTensor torch_weight(const NetStep& step) {
  const bool conv = step.kind == NetStep::Kind::kConv;
  const int64_t pixels = conv ? step.conv.taps() : step.in->pixels(), channels = conv ? step.conv.group_c() : step.in->c;
  const std::vector<float> ours = floats_of(step.weight->master.data(), step.weight->master.size(), kMasterExp);
  FloatTensor t{weight_shape(step), std::vector<float>(ours.size())};
  for (int64_t row = 0; row < t.shape[0]; ++row)
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c)
        t.values[static_cast<size_t>((row * channels + c) * pixels + p)] =
            ours[static_cast<size_t>((row * pixels + p) * channels + c)];
  return t;
}

// Of a step: "weight", "bias" of a linear layer; "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var".
inline FloatTensors tensors_of(const NetStep& step) {
  FloatTensors t{{"weight", torch_weight(step)}};
  const std::vector<int64_t> shape{t["weight"].shape[0]};
  const auto n = static_cast<size_t>(shape[0]);
  if (step.kind == NetStep::Kind::kLinear) {
    t["bias"] = {shape, floats_of(step.bias->master.data(), n, kMasterExp)};
    return t;
  }
  t["norm.weight"] = {shape, floats_of(step.gamma->master.data(), n, kMasterExp)};
  t["norm.bias"] = {shape, floats_of(step.beta->master.data(), n, kMasterExp)};
  t["norm.running_mean"] = {shape, floats_of(step.running_mean, n, kRunningExp)};
  t["norm.running_var"] = {shape, floats_of(step.running_var, n, kRunningExp)};
  return t;
}

// The net by the names of its modules, one a step that learns, as "conv1 bn1" or "fc"; "conv1" alone: batch norm stands in its module.
inline FloatTensors named(const std::vector<NetStep>& steps, const std::vector<std::string>& modules) {
  FloatTensors all;
  size_t i = 0;
  for (const NetStep& step : steps) {
    if (!step.learns()) continue;
    const std::string& both = modules.at(i++);
    const size_t space = both.find(' ');
    for (auto& [leaf, t] : tensors_of(step)) {
      const bool norm = leaf.starts_with("norm.");
      all[norm ? both.substr(space + 1) + leaf.substr(4) : both.substr(0, space) + "." + leaf] = t;
    }
  }
  return all;
}

// The net as an ONNX model in the order of a usual forward pass: shortcuts last. folded: batch norm within the convolutions.
class OnnxNet {
 public:
  OnnxNet(const std::vector<NetStep>& steps, bool folded) : folded_(folded) {
    graph.add_input()->set_name("images");
    tensors_[steps.front().in] = "images";
    for (const NetStep& step : steps) {
      const std::string in = tensors_.at(step.in);
      switch (step.kind) {
        case NetStep::Kind::kConv:
          conv(step, in);
          break;
        case NetStep::Kind::kLinear: {
          const std::string flat = node("Flatten", step.name + ".flat", {in});
          for (const auto& [leaf, t] : tensors_of(step)) constant(step.name + "." + leaf, t);
          std::string out = node("Gemm", step.name + ".out", {flat, step.name + ".weight", step.name + ".bias"});
          integers("transB", {1}, false);
          if (step.out != nullptr) out = node("Relu", step.name + ".relu", {out});
          tensors_[step.out] = out;
          if (step.out == nullptr) graph.add_output()->set_name(out);
          break;
        }
        case NetStep::Kind::kMaxPool: {
          const int64_t size = step.pool.size, stride = step.pool.stride, pad = step.pool.pad;
          tensors_[step.out] = node("MaxPool", step.name, {in});
          integers("kernel_shape", {size, size});
          integers("strides", {stride, stride});
          integers("pads", {pad, pad, pad, pad});
          break;
        }
        case NetStep::Kind::kPadShortcut:
          throw std::logic_error(step.name);
        case NetStep::Kind::kAveragePool:
          tensors_[step.out] = node("GlobalAveragePool", step.name, {in});
          break;
      }
    }
  }

  void write(const std::string& path) const {
    const std::string bytes = model.SerializeAsString();
    write_bytes(path, Bytes(bytes.begin(), bytes.end()));
  }

  onnx::ModelProto model;
  onnx::GraphProto& graph = *model.mutable_graph();

 private:
  std::string node(const std::string& op, const std::string& output, const std::vector<std::string>& inputs) {
    onnx::NodeProto& n = *graph.add_node();
    n.set_op_type(op);
    n.set_name(output);
    n.add_output(output);
    for (const std::string& input : inputs) n.add_input(input);
    return output;
  }
  // Of the node just added.
  void integers(const std::string& name, const std::vector<int64_t>& values, bool list = true) {
    onnx::AttributeProto& a = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
    a.set_name(name);
    if (list)
      a.mutable_ints()->Add(values.begin(), values.end());
    else
      a.set_i(values[0]);
  }
  void constant(const std::string& name, const FloatTensor& t) {
    onnx::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : t.shape) tensor.add_dims(size);
    tensor.set_raw_data(t.values.data(), t.values.size() * sizeof(float));
  }

  void conv(const NetStep& step, const std::string& in) {
    FloatTensors t = tensors_of(step);
    const int64_t size = step.conv.kh, stride = step.conv.stride, pad = step.conv.pad;
    if (folded_) fold(t);
    const auto at = [&](const char* leaf) {
      constant(step.name + "." + leaf, t.at(leaf));
      return step.name + "." + leaf;
    };
    std::vector<std::string> inputs{in, at("weight")};
    if (folded_) inputs.push_back(at("norm.bias"));
    std::string out = node("Conv", step.name + ".conv", inputs);
    integers("kernel_shape", {size, size});
    integers("strides", {stride, stride});
    integers("pads", {pad, pad, pad, pad});
    integers("group", {step.conv.groups}, false);
    if (!folded_)
      out = node("BatchNormalization", step.name + ".norm",
                 {out, at("norm.weight"), at("norm.bias"), at("norm.running_mean"), at("norm.running_var")});
    if (step.shortcut != nullptr) out = node("Add", step.name + ".sum", {tensors_.at(step.shortcut), out});
    if (step.relu6) {
      constant(step.name + ".min", {{}, {0}});
      constant(step.name + ".max", {{}, {6}});
      out = node("Clip", step.name + ".relu6", {out, step.name + ".min", step.name + ".max"});
    } else if (step.out->kind == Value::Kind::kActivation) {
      out = node("Relu", step.name + ".relu", {out});
    }
    tensors_[step.out] = out;
  }

  static void fold(FloatTensors& t) {
    const size_t n = t["norm.bias"].values.size(), row = t["weight"].values.size() / n;
    for (size_t k = 0; k < n; ++k) {
      const float factor = t["norm.weight"].values[k] / std::sqrt(t["norm.running_var"].values[k] + 1e-5F);
      for (size_t i = 0; i < row; ++i) t["weight"].values[k * row + i] *= factor;
      t["norm.bias"].values[k] -= factor * t["norm.running_mean"].values[k];
    }
  }

  const bool folded_;
  std::map<const Value*, std::string> tensors_;
};

}  // namespace intrain::test
