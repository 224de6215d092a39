// The operators that follow layers: ReLUs, and the softmax that may end a net.
#include <limits>

#include "exchange/import/onnx_graph.h"

namespace intrain {

void OnnxGraphReader::rectify(const Node& node, FloatOp::Kind kind) {
  using Range = FloatValue::Range;
  const OnnxItem in = activation(node, 0);
  if (in.pad != 0 || in.channels_last) fail(node, "reads a padded image, or one with the channels last");
  const FloatValue v = value(in);
  // Twice is once, and a ReLU6 of a ReLU a ReLU6.
  if (v.range == Range::kTo6 || (v.range == Range::kPositive && kind == FloatOp::Kind::kRelu)) return set(node, in);
  if (v.range == Range::kPositive && graph_.op(v.producer).kind == FloatOp::Kind::kRelu && v.readers.empty()) {
    graph_.ops[static_cast<size_t>(v.producer)].kind = kind;
    take_over(node, in);
    graph_.values.back().range = Range::kTo6;
    return;
  }
  FloatOp op{kind};
  op.in = in.value;
  add(op, node, v.c, v.h, v.w, in.flat);
  if (v.producer >= 0 && graph_.op(v.producer).kind == FloatOp::Kind::kMaxPool && v.readers.empty()) rectify_before(v.producer);
}

// The last operation, an activation of this pool's output, goes before it, as nets here have it: the ReLU of a maximum is the maximum of the
// ReLUs.
void OnnxGraphReader::rectify_before(int producer) {
  FloatOp &pool = graph_.ops[static_cast<size_t>(producer)], &relu = graph_.ops.back();
  const int from = pool.in, between = pool.out, to = relu.out;
  std::swap(pool, relu);
  pool.in = from;
  pool.out = relu.in = between;
  relu.out = to;
  FloatValue& rectified = graph_.values[static_cast<size_t>(between)];
  const FloatValue& before = graph_.value(from);
  rectified.c = before.c;
  rectified.h = before.h;
  rectified.w = before.w;
  rectified.range = graph_.value(to).range;
  rectified.within = true;
}

void OnnxGraphReader::relu(const Node& node) { rectify(node, FloatOp::Kind::kRelu); }

void OnnxGraphReader::clip(const Node& node) {
  constexpr double kNone = std::numeric_limits<float>::infinity(), kLargestHalf = 65504;
  const double from = scalar(node, 1, "min", -kNone), to = scalar(node, 2, "max", kNone);
  const OnnxItem& in = activation(node, 0);
  const bool positive = from == 0 || (from < 0 && value(in).range != FloatValue::Range::kAll);
  if (!positive || !(to == 6 || to >= kLargestHalf))
    fail(node, "is from " + std::to_string(from) + " to " + std::to_string(to) + ": neither ReLU6, 0 to 6, nor a ReLU");
  rectify(node, to == 6 ? FloatOp::Kind::kRelu6 : FloatOp::Kind::kRelu);
}

void OnnxGraphReader::softmax(const Node& node) {
  OnnxItem out = activation(node, 0);
  const int64_t axis = integer(node, "axis", -1);
  if (!out.flat || (axis != 1 && axis != -1)) fail(node, "is not over the classes");
  out.ended = true;
  set(node, out);
}

}  // namespace intrain
