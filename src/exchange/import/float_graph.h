// A net in floating point as a graph of the few operations that nets of ours consist of: what exchange/import/onnx_graph.cc makes of an ONNX model.
//
// What changes no number is gone: a Flatten, a Dropout, a Cast, and all arithmetic with shapes. What a convolution or a linear layer is
// followed by that multiplies or moves each channel belongs to it: batch norm, products and sums with constants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exchange/import/float_net.h"
#include "exchange/import/onnx_model.h"

namespace intrain {

// x -> x * t[0], x / t[0], x + t[0], x - t[0], t[0] - x; or batch norm, t[0] (x - t[2]) / sqrt(t[3] + epsilon) + t[1]. Each tensor has a
// value for each channel, or one for all.
struct ChannelStep {
  enum class Kind { kMultiply, kDivide, kAdd, kSubtract, kSubtractFrom, kNorm };
  Kind kind;
  std::string node{};
  std::vector<const onnx::TensorProto*> t{};
  double epsilon = 0;
};

struct FloatOp {
  enum class Kind { kConv, kLinear, kAdd, kRelu, kRelu6, kMaxPool, kAveragePool };
  Kind kind;
  std::string node{};                             // for people
  int in = -1, out = -1;                          // values
  int other = -1;                                 // kAdd: the other addend
  int size = 1, stride = 1, pad = 0, groups = 1;  // of kConv and kMaxPool: square windows
  // kConv, kLinear
  std::vector<int64_t> weight_shape{};        // in PyTorch's order
  const onnx::TensorProto* weight = nullptr;  // linear, transposed: [inputs][outputs]
  const onnx::TensorProto* bias = nullptr;    // or null
  bool transposed = false;
  double weight_scale = 1, bias_scale = 1;
  std::vector<ChannelStep> after{};

  bool learns() const { return kind == Kind::kConv || kind == Kind::kLinear; }
};

// A tensor between operations, of each image. A linear layer reads it, and writes it, as h w c numbers.
struct FloatValue {
  enum class Range { kAll, kPositive, kTo6 };  // behind a ReLU, a ReLU6
  std::string name;                            // of the ONNX graph's tensor
  int64_t c = 0, h = 0, w = 0;
  int producer = -1;           // operation; -1: the images
  std::vector<int> readers{};  // operations
  Range range = Range::kAll;
  bool within = false;  // an operation, which has taken over what came behind it: no other may read it
};

struct FloatGraph {
  std::vector<FloatOp> ops;  // each after those whose outputs it reads
  std::vector<FloatValue> values;
  int images = 0, result = -1;  // values

  // The one operation that reads the value; -1 if there are none or several.
  int only_reader(int value) const {
    const std::vector<int>& readers = values[static_cast<size_t>(value)].readers;
    return readers.size() == 1 ? readers[0] : -1;
  }
  const FloatOp& op(int i) const { return ops[static_cast<size_t>(i)]; }
  const FloatValue& value(int i) const { return values[static_cast<size_t>(i)]; }
};

// For images of h x w x c. Throws Error, naming the node and what to do, for what is no such graph.
FloatGraph read_float_graph(const OnnxModel& model, int h, int w, int c);

// What a convolution or a linear layer learned, for the step of our net that is the same.
FloatLayer read_float_layer(const OnnxModel& model, const FloatOp& op, const NetStep& step);

}  // namespace intrain
