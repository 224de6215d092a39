// The operators that nets consist of; activations are in exchange/import/onnx_activations.cc, those that change no number in
// exchange/import/onnx_reshape.cc.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>

#include "exchange/import/onnx_graph.h"

namespace intrain {

namespace {

constexpr const char* kNormalizationHint =
    "leave the scaling of pixels out of the exported net, and give its numbers with `mean` and `deviation`";

// Of pixels and attributes alike: what an int holds in every shape that is built from it.
bool small(int64_t n) { return n >= 0 && n <= INT16_MAX; }

}  // namespace

const std::map<std::string, OnnxGraphReader::Handler>& OnnxGraphReader::handlers() {
  using R = OnnxGraphReader;
  static const std::map<std::string, Handler> kHandlers = {
      {"Add", &R::arithmetic},
      {"AveragePool", &R::average_pool},
      {"BatchNormalization", &R::batch_norm},
      {"Cast", &R::cast},
      {"CastLike", &R::pass},
      {"Clip", &R::clip},
      {"Constant", &R::constant_node},
      {"Conv", &R::conv},
      {"Div", &R::arithmetic},
      {"Dropout", &R::pass},
      {"Flatten", &R::flatten_node},
      {"Gemm", &R::gemm},
      {"GlobalAveragePool", &R::global_average_pool},
      {"Identity", &R::pass},
      {"LogSoftmax", &R::softmax},
      {"MatMul", &R::matmul},
      {"MaxPool", &R::max_pool},
      {"Mul", &R::arithmetic},
      {"Pad", &R::pad},
      {"ReduceMean", &R::reduce_mean},
      {"Relu", &R::relu},
      {"Reshape", &R::reshape},
      {"Shape", &R::shape},
      {"Softmax", &R::softmax},
      {"Squeeze", &R::squeeze},
      {"Sub", &R::arithmetic},
      {"Sum", &R::arithmetic},
      {"Transpose", &R::transpose},
      {"Unsqueeze", &R::unsqueeze},
  };
  return kHandlers;
}

// Size, stride and padding of a window that moves over `in`; op.size is known, or 0.
void OnnxGraphReader::window(const Node& node, const FloatValue& in, FloatOp& op) const {
  const std::vector<int64_t> size = integers(node, "kernel_shape", {op.size, op.size}),
                             strides = integers(node, "strides", {1, 1});
  if (size.size() != 2 || size[0] != size[1] || !small(size[0]) || size[0] < 1 || (op.size != 0 && size[0] != op.size))
    fail(node, "has a window of " + shape_text(size) + ", which is not square, or not that of its weights");
  if (strides.size() != 2 || strides[0] != strides[1] || !small(strides[0]) || strides[0] < 1)
    fail(node, "has the strides " + shape_text(strides) + ", which are not equal");
  if (integers(node, "dilations", {1, 1}) != std::vector<int64_t>{1, 1}) fail(node, "is dilated");
  std::vector<int64_t> pads = integers(node, "pads", {0, 0, 0, 0});
  const onnx::AttributeProto* automatic = attribute(node, "auto_pad");
  if (automatic != nullptr && automatic->s() != "NOTSET") {
    const auto same = [&](int64_t side) {
      return std::max<int64_t>(0, ((side + strides[0] - 1) / strides[0] - 1) * strides[0] + size[0] - side);
    };
    const int64_t h = same(in.h), w = same(in.w);
    pads = {h / 2, w / 2, (h + 1) / 2, (w + 1) / 2};
    if (automatic->s() == "VALID") pads = {0, 0, 0, 0};
  }
  if (pads.size() != 4 || !small(pads[0]) || pads != std::vector<int64_t>(4, pads[0]))
    fail(node, "has the pads " + shape_text(pads) + ", which are not equal on all sides");
  op.size = static_cast<int>(size[0]);
  op.stride = static_cast<int>(strides[0]);
  op.pad = static_cast<int>(pads[0]);
}

void OnnxGraphReader::conv(const Node& node) {
  const OnnxItem& in = map(node, 0);
  const FloatValue& v = value(in);
  FloatOp op{FloatOp::Kind::kConv};
  op.in = in.value;
  op.weight = &constant(node, 1, "weights");
  op.weight_shape = shape_of(*op.weight);
  const std::vector<int64_t>& shape = op.weight_shape;
  const int64_t groups = integer(node, "group", 1);
  if (shape.size() != 4 || shape[2] != shape[3] || !small(shape[0]) || !small(shape[1]) || !small(shape[2]) || shape[2] < 1 ||
      !small(groups) || groups < 1 || shape[0] % groups != 0 || shape[1] * groups != v.c)
    fail(node, "has weights of shape " + shape_text(shape) + " in " + std::to_string(groups) + " groups, for an image of " +
                   std::to_string(v.c) + " channels");
  op.groups = static_cast<int>(groups);
  op.size = static_cast<int>(shape[2]);
  const FloatValue padded{"", v.c, v.h + 2 * in.pad, v.w + 2 * in.pad};
  window(node, padded, op);
  op.pad += in.pad;
  if (has_input(node, 2)) {
    op.bias = &constant(node, 2, "bias");
    if (shape_of(*op.bias) != std::vector<int64_t>{shape[0]})
      fail(node, "has a bias of shape " + shape_text(shape_of(*op.bias)) + " for " + std::to_string(shape[0]) + " channels");
  }
  const auto outputs = [&](int64_t side) {
    const int64_t room = side + 2 * op.pad - op.size;
    return room < 0 ? 0 : room / op.stride + 1;
  };
  add(op, node, shape[0], outputs(v.h), outputs(v.w), false);
}

// Makes the step one of the convolution or linear layer that `in` comes from and that nothing else reads.
void OnnxGraphReader::step_of_channels(const Node& node, ChannelStep step, const OnnxItem& in) {
  const int producer = value(in).producer;
  if (producer < 0) fail(node, "changes the images before the net's first layer", kNormalizationHint);
  FloatOp& op = graph_.ops[static_cast<size_t>(producer)];
  if (!op.learns() || in.pad != 0 || (op.kind == FloatOp::Kind::kConv && in.flat))
    fail(node, "follows no convolution and no linear layer, to which what it does to channels could belong");
  if (!value(in).readers.empty()) fail(node, "changes '" + value(in).name + "', which other nodes read as it was");
  const int64_t channels = value(in).c;
  for (const onnx::TensorProto* t : step.t) {
    const std::vector<int64_t> shape = shape_of(*t);
    int64_t count = 1;
    for (const int64_t size : shape) count = std::max(count, size);
    // Broadcast from the last axis on: [c], [1, c] to rows; [c, 1, 1], [1, c, 1, 1] to images.
    const size_t behind = !in.flat && step.kind != ChannelStep::Kind::kNorm ? 2 : 0;
    std::vector<int64_t> wanted(behind + 1, 1);
    wanted[0] = channels;
    std::vector<int64_t> with_images = wanted;
    with_images.insert(with_images.begin(), 1);
    if (shape != wanted && shape != with_images &&
        (step.kind == ChannelStep::Kind::kNorm || count != 1 || shape.size() > (in.flat ? 2 : 4) ||
         std::count(shape.begin(), shape.end(), 0) > 0))
      fail(node, "has a constant of shape " + shape_text(shape) + " for " + std::to_string(channels) + " channels");
  }
  step.node = called(node);
  op.after.push_back(std::move(step));
  take_over(node, in);
}

void OnnxGraphReader::batch_norm(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  ChannelStep step{ChannelStep::Kind::kNorm};
  int i = 0;
  for (const char* what : {"scale", "bias", "mean", "variance"}) step.t.push_back(&constant(node, ++i, what));
  step.epsilon = number(node, "epsilon", 1e-5F);
  if (!std::isfinite(step.epsilon) || step.epsilon < 0) fail(node, "has an epsilon that is below 0 or no number");
  if (integer(node, "training_mode", 0) != 0)
    fail(node, "normalizes by the images at hand", "call eval() on the net before it is exported");
  if (integer(node, "spatial", 1) != 1) fail(node, "normalizes each pixel by itself");
  step_of_channels(node, std::move(step), in);
}

// Sums of two layers; and what constants do to each channel.
void OnnxGraphReader::arithmetic(const Node& node) {
  const std::string& name = node.op_type();
  if (node.input_size() != 2) fail(node, "does not have two inputs");
  const OnnxItem &a = item(node, 0), &b = item(node, 1);
  const bool first = a.kind == OnnxItem::Kind::kActivation, second = b.kind == OnnxItem::Kind::kActivation;
  if (first && second) {
    const OnnxItem &x = activation(node, 0), &y = activation(node, 1);
    const FloatValue &v = value(x), &u = value(y);
    if (name != "Add" && name != "Sum") fail(node, "is between two layers: only their sums are known");
    if (x.flat != y.flat || x.channels_last || y.channels_last || x.pad + y.pad != 0 || v.c != u.c || v.h != u.h || v.w != u.w)
      fail(node, "adds an image of " + shape_text({v.c, v.h, v.w}) + " and one of " + shape_text({u.c, u.h, u.w}));
    FloatOp op{FloatOp::Kind::kAdd};
    op.in = x.value;
    op.other = y.value;
    add(op, node, v.c, v.h, v.w, x.flat);
    return;
  }
  const OnnxItem& in = activation(node, first ? 0 : 1);
  if (name == "Div" && !first) fail(node, "divides by what the images are");
  ChannelStep step{ChannelStep::Kind::kAdd};
  if (name == "Sub") step.kind = first ? ChannelStep::Kind::kSubtract : ChannelStep::Kind::kSubtractFrom;
  if (name == "Mul") step.kind = ChannelStep::Kind::kMultiply;
  if (name == "Div") step.kind = ChannelStep::Kind::kDivide;
  step.t.push_back(&constant(node, first ? 1 : 0, "operand"));
  step_of_channels(node, std::move(step), in);
}

void OnnxGraphReader::max_pool(const Node& node) {
  const OnnxItem& in = map(node, 0);
  const FloatValue& v = value(in);
  FloatOp op{FloatOp::Kind::kMaxPool};
  op.in = in.value;
  op.size = 0;
  window(node, v, op);
  const auto room = [&](int64_t side) { return side + 2 * op.pad - op.size; };
  if (integer(node, "ceil_mode", 0) != 0 && (room(v.h) % op.stride != 0 || room(v.w) % op.stride != 0))
    fail(node, "has windows that reach beyond the image: ceil_mode", "export the net with ceil_mode=False");
  if (room(v.h) < 0 || room(v.w) < 0) fail(node, "has windows larger than its image");
  add(op, node, v.c, room(v.h) / op.stride + 1, room(v.w) / op.stride + 1, false);
}

void OnnxGraphReader::average_pool(const Node& node) {
  const OnnxItem& in = map(node, 0);
  const FloatValue& v = value(in);
  const std::vector<int64_t> size = integers(node, "kernel_shape", {}), pads = integers(node, "pads", {0, 0, 0, 0});
  const onnx::AttributeProto* automatic = attribute(node, "auto_pad");
  const bool padded = pads != std::vector<int64_t>{0, 0, 0, 0} || (automatic != nullptr && automatic->s().starts_with("SAME"));
  // As an adaptive pool to the size that there is.
  if (size == std::vector<int64_t>{1, 1} && integers(node, "strides", {1, 1}) == std::vector<int64_t>{1, 1} && !padded)
    return set(node, in);
  if (size != std::vector<int64_t>{v.h, v.w} || padded)
    fail(node, "is over " + shape_text(size) + " pixels, not over the whole image of " + shape_text({v.h, v.w}));
  global_average_pool(node);
}

void OnnxGraphReader::global_average_pool(const Node& node) {
  const OnnxItem& in = map(node, 0);
  FloatOp op{FloatOp::Kind::kAveragePool};
  op.in = in.value;
  add(op, node, value(in).c, 1, 1, false);
}

void OnnxGraphReader::reduce_mean(const Node& node) {
  const OnnxItem& in = map(node, 0);
  if (axes(node, 4) != std::vector<int64_t>{2, 3}) fail(node, "is not over the height and the width of an image");
  FloatOp op{FloatOp::Kind::kAveragePool};
  op.in = in.value;
  add(op, node, value(in).c, 1, 1, integer(node, "keepdims", 1) == 0);
}

void OnnxGraphReader::gemm(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  FloatOp op{FloatOp::Kind::kLinear};
  op.in = in.value;
  const OnnxItem& weight = item(node, 1);
  if (weight.kind != OnnxItem::Kind::kConstant) fail(node, "has no constant weights");
  op.weight = weight.tensor;
  op.weight_shape = shape_of(*op.weight);
  op.transposed = (integer(node, "transB", 0) != 0) == weight.transposed;
  op.weight_scale = number(node, "alpha", 1);
  op.bias_scale = number(node, "beta", 1);
  if (op.transposed && op.weight_shape.size() == 2) std::swap(op.weight_shape[0], op.weight_shape[1]);
  const std::vector<int64_t>& shape = op.weight_shape;
  const int64_t inputs = value(in).c * value(in).h * value(in).w;
  if (!in.flat || in.channels_last || integer(node, "transA", 0) != 0 || !std::isfinite(op.weight_scale) ||
      !std::isfinite(op.bias_scale))
    fail(node, "is no linear layer of a row for each image");
  if (shape.size() != 2 || shape[1] != inputs || !small(shape[0]) || shape[0] < 1)
    fail(node, "has weights of shape " + shape_text(shape) + " for rows of " + std::to_string(inputs));
  if (node.op_type() == "Gemm" && has_input(node, 2)) {
    op.bias = &constant(node, 2, "bias");
    const std::vector<int64_t> bias = shape_of(*op.bias);
    if (bias != std::vector<int64_t>{shape[0]} && bias != std::vector<int64_t>{1, shape[0]})
      fail(node, "has a bias of shape " + shape_text(bias) + " for " + std::to_string(shape[0]) + " outputs");
  }
  add(op, node, shape[0], 1, 1, true);
}

// What follows it, an Add of the bias, belongs to it as to any layer.
void OnnxGraphReader::matmul(const Node& node) { gemm(node); }

}  // namespace intrain
