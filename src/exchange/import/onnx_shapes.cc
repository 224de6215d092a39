#include "exchange/import/onnx_shapes.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

namespace intrain {

namespace {

using Inputs = std::vector<const ShapeNumbers*>;

std::optional<ShapeNumbers> gather(const onnx::NodeProto& node, const ShapeNumbers& list, const ShapeNumbers& places) {
  const auto size = static_cast<int64_t>(list.values.size());
  if (list.scalar || integer(node, "axis", 0) != 0) return {};
  ShapeNumbers result{{}, places.scalar};
  for (const int64_t place : places.values) {
    if (place < -size || place >= size) return {};
    result.values.push_back(list.values[static_cast<size_t>(place < 0 ? place + size : place)]);
  }
  return result;
}

std::optional<ShapeNumbers> concat(const Inputs& inputs) {
  ShapeNumbers result;
  for (const ShapeNumbers* input : inputs) {
    if (input == nullptr || input->scalar) return {};
    result.values.insert(result.values.end(), input->values.begin(), input->values.end());
    if (result.values.size() > OnnxModel::kMostIntegers) return {};
  }
  return result;
}

// Of the one axis that there is, in steps of 1.
std::optional<ShapeNumbers> sliced(const onnx::NodeProto& node, const Inputs& inputs) {
  const auto list = [&](size_t i, const char* name) {
    return i < inputs.size() && inputs[i] != nullptr ? inputs[i]->values : integers(node, name, {});
  };
  const std::vector<int64_t> starts = list(1, "starts"), ends = list(2, "ends"), axes = list(3, "axes"), steps = list(4, "steps");
  if (inputs[0]->scalar || starts.size() != 1 || ends.size() != 1 || (!axes.empty() && axes != std::vector<int64_t>{0}) ||
      (!steps.empty() && steps != std::vector<int64_t>{1}))
    return {};
  return ShapeNumbers{slice(inputs[0]->values, starts[0], ends[0])};
}

std::optional<int64_t> product(int64_t a, int64_t b) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (a == 1 || b == 1) return a == 1 ? b : a;
  if (a < 0 || b < 0 || a > kMost || b > kMost) return {};
  return a * b;
}

std::optional<ShapeNumbers> products(const ShapeNumbers& a, const ShapeNumbers& b) {
  if (a.values.size() != b.values.size()) return {};
  ShapeNumbers result{{}, a.scalar && b.scalar};
  for (size_t i = 0; i < a.values.size(); ++i) {
    const std::optional<int64_t> value = product(a.values[i], b.values[i]);
    if (!value) return {};
    result.values.push_back(*value);
  }
  return result;
}

}  // namespace

std::vector<int64_t> slice(const std::vector<int64_t>& list, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(list.size());
  const auto place = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? std::max(i, -size) + size : i, 0, size); };
  const int64_t from = place(start), to = std::max(place(end), from);
  return {list.begin() + from, list.begin() + to};
}

std::optional<ShapeNumbers> evaluate_shapes(const onnx::NodeProto& node, const Inputs& inputs) {
  const std::string& op = node.op_type();
  if (inputs.empty() || inputs[0] == nullptr) return {};
  const ShapeNumbers& first = *inputs[0];
  const ShapeNumbers* second = inputs.size() > 1 ? inputs[1] : nullptr;
  if (op == "Identity" || op == "Cast") return first;
  if (op == "Concat") return concat(inputs);
  if (op == "Slice") return sliced(node, inputs);
  if (op == "Gather" && second != nullptr) return gather(node, first, *second);
  if (op == "Mul" && second != nullptr) return products(first, *second);
  if (op == "Unsqueeze" && first.scalar) return ShapeNumbers{first.values};
  if (op == "Squeeze" && first.values.size() == 1) return ShapeNumbers{first.values, true};
  if (op == "Reshape" && second != nullptr && !second->scalar && second->values.size() == 1) return ShapeNumbers{first.values};
  return {};
}

}  // namespace intrain
