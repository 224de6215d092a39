// Arithmetic with shapes, as exporters write it into a graph: "as many rows as the input has images, and all else in one".
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "exchange/import/onnx_model.h"

namespace intrain {

// The size of an axis that is only known when the net runs: how many images there are.
constexpr int64_t kBatchSize = INT64_MIN;

struct ShapeNumbers {
  std::vector<int64_t> values{};  // at most OnnxModel::kMostIntegers
  bool scalar = false;            // one value, without an axis
};

// What a node makes of such numbers: Gather, Concat, Slice, Squeeze, Unsqueeze, Reshape, Identity, Cast, Mul. inputs: one for each of the
// node's; null for those left out. Empty for everything else.
std::optional<ShapeNumbers> evaluate_shapes(const onnx::NodeProto& node, const std::vector<const ShapeNumbers*>& inputs);

// Elements from `start` up to `end` of a list, negative ones counted from its end, as Shape and Slice take them.
std::vector<int64_t> slice(const std::vector<int64_t>& list, int64_t start, int64_t end);

}  // namespace intrain
