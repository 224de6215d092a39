#include "exchange/import/onnx_graph.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/error.h"

namespace intrain {

namespace {

constexpr int64_t kMostSide = 1 << 20;

}  // namespace

FloatGraph read_float_graph(const OnnxModel& model, int h, int w, int c) { return OnnxGraphReader(model, h, w, c).read(); }

OnnxGraphReader::OnnxGraphReader(const OnnxModel& model, int h, int w, int c) : model_(model) {
  graph_.values.push_back({"", c, h, w});
}

FloatGraph OnnxGraphReader::read() {
  for (const onnx::TensorProto& t : model_.graph().initializer()) {
    OnnxItem constant{OnnxItem::Kind::kConstant};
    constant.tensor = &t;
    items_[t.name()] = constant;
  }
  add_images();
  if (model_.graph().output_size() != 1)
    fail("the graph has " + std::to_string(model_.graph().output_size()) + " outputs, not one",
         "export the net with its logits alone");
  const std::set<const Node*> used = needed();
  for (const Node& node : model_.graph().node())
    if (used.contains(&node)) add_node(node);
  const std::string& output = model_.graph().output(0).name();
  const auto result = items_.find(output);
  if (result == items_.end() || result->second.kind != OnnxItem::Kind::kActivation || result->second.value == graph_.images)
    fail("the graph's output '" + output + "' is computed by no node");
  if (result->second.pad != 0) fail("the graph's output '" + output + "' is padded");
  graph_.result = result->second.value;
  return std::move(graph_);
}

void OnnxGraphReader::fail(const std::string& what, const std::string& hint) const { throw Error(what, model_.path(), hint); }
void OnnxGraphReader::fail(const Node& node, const std::string& what, const std::string& hint) const {
  throw Error(called(node) + " " + what, model_.path(), hint);
}

// The graph's one input, and whether the images are what it takes.
void OnnxGraphReader::add_images() {
  std::vector<const onnx::ValueInfoProto*> inputs;
  for (const onnx::ValueInfoProto& input : model_.graph().input())
    if (!items_.contains(input.name())) inputs.push_back(&input);
  if (inputs.size() != 1)
    fail("the graph has " + std::to_string(inputs.size()) + " inputs, not one",
         "export the net with the images as its only input");
  FloatValue& images = graph_.values[0];
  images.name = inputs[0]->name();
  OnnxItem item;
  item.value = graph_.images;
  const onnx::TypeProto::Tensor& type = inputs[0]->type().tensor_type();
  const int32_t element = type.elem_type();
  if (element != onnx::TensorProto::UNDEFINED && element != onnx::TensorProto::FLOAT && element != onnx::TensorProto::FLOAT16 &&
      element != onnx::TensorProto::BFLOAT16 && element != onnx::TensorProto::DOUBLE)
    fail("the graph's input '" + images.name + "' is not in floating point",
         "export the net without what makes numbers of pixels: `mean` and `deviation` do it here");
  // Sizes that are left open are names, or nothing.
  std::vector<int64_t> shape;
  for (const auto& size : type.shape().dim())
    shape.push_back(size.has_dim_value() && size.dim_value() > 0 ? size.dim_value() : 0);
  if (!shape.empty() && shape[0] > 0) batch_ = shape[0];
  const auto is = [&](const std::vector<int64_t>& sizes) {
    for (size_t i = 0; i < sizes.size(); ++i)
      if (shape[i + 1] != 0 && shape[i + 1] != sizes[i]) return false;
    return true;
  };
  const bool as_ours = shape.empty() || (shape.size() == 4 && is({images.c, images.h, images.w})) ||
                       (shape.size() == 2 && is({images.c * images.h * images.w}));
  item.flat = shape.size() == 2;
  item.channels_last = !as_ours && shape.size() == 4 && is({images.h, images.w, images.c});
  if (!as_ours && !item.channels_last)
    fail("the graph's images '" + images.name + "' are " + shape_text(shape) + ", the data's [n, " + std::to_string(images.c) +
             ", " + std::to_string(images.h) + ", " + std::to_string(images.w) + "]",
         "give `data` of that size, as folder:DIR:SIDE; or export the net with sizes left open, if it can take any");
  items_[images.name] = item;
}

// What the output depends on. The others may be whatever they are.
std::set<const onnx::NodeProto*> OnnxGraphReader::needed() const {
  std::set<const Node*> used;
  std::set<std::string> tensors{model_.graph().output(0).name()};
  for (int i = model_.graph().node_size() - 1; i >= 0; --i) {
    const Node& node = model_.graph().node(i);
    if (std::none_of(node.output().begin(), node.output().end(), [&](const std::string& o) { return tensors.contains(o); }))
      continue;
    used.insert(&node);
    tensors.insert(node.input().begin(), node.input().end());
  }
  return used;
}

void OnnxGraphReader::add_node(const Node& node) {
  if (!node.domain().empty() && node.domain() != "ai.onnx")
    fail(node, "is of '" + node.domain() + "', not an operator of ONNX",
         "export the net with the operators of ONNX alone; functions of a model are not looked into");
  if (node.output_size() == 0 || node.output(0).empty()) fail(node, "has no output");
  const bool constant = node.input_size() > 0 && reads_constants(node);
  if (constant && add_numbers(node)) return;
  const auto handler = handlers().find(node.op_type());
  const bool passed = node.op_type() == "Transpose" || node.op_type() == "Identity" || node.op_type().starts_with("Cast");
  if (constant && !passed)
    fail(node, "computes with constants",
         "export the net with optimize=True and do_constant_folding=True, as torch.onnx.export does");
  if (handler == handlers().end()) fail(node, "is no operator that nets here consist of");
  if (node.op_type() != "Constant" && node.input_size() == 0) fail(node, "has no input");
  (this->*handler->second)(node);
}

bool OnnxGraphReader::reads_constants(const Node& node) const {
  for (int i = 0; i < node.input_size(); ++i)
    if (has_input(node, i) && item(node, i).kind == OnnxItem::Kind::kActivation) return false;
  return true;
}

// Whether the node computes with shapes, all of its inputs being constants or such.
bool OnnxGraphReader::add_numbers(const Node& node) {
  std::vector<ShapeNumbers> numbers(static_cast<size_t>(node.input_size()));
  std::vector<const ShapeNumbers*> inputs;
  for (int i = 0; i < node.input_size(); ++i) {
    inputs.push_back(nullptr);
    if (!has_input(node, i)) continue;
    const OnnxItem& in = item(node, i);
    const int32_t type = in.kind == OnnxItem::Kind::kConstant ? in.tensor->data_type() : onnx::TensorProto::INT64;
    if (type != onnx::TensorProto::INT64 && type != onnx::TensorProto::INT32) return false;
    ShapeNumbers& to = numbers[static_cast<size_t>(i)];
    to =
        in.kind == OnnxItem::Kind::kNumbers ? in.numbers : ShapeNumbers{model_.integers(*in.tensor), in.tensor->dims_size() == 0};
    inputs.back() = &to;
  }
  const std::optional<ShapeNumbers> result = evaluate_shapes(node, inputs);
  if (!result) return false;
  OnnxItem out{OnnxItem::Kind::kNumbers};
  out.numbers = *result;
  set(node, out);
  return true;
}

const OnnxItem& OnnxGraphReader::item(const Node& node, int input) const {
  const auto found = has_input(node, input) ? items_.find(node.input(input)) : items_.end();
  if (found == items_.end())
    fail(node, has_input(node, input) ? "reads '" + node.input(input) + "', which no node before it makes" : "lacks an input");
  return found->second;
}

const OnnxItem& OnnxGraphReader::activation(const Node& node, int input) const {
  const OnnxItem& in = item(node, input);
  if (in.kind != OnnxItem::Kind::kActivation) fail(node, "reads a constant in place of the images");
  if (value(in).within) fail(node, "reads '" + value(in).name + "', which other nodes change before it");
  if (in.ended) fail(node, "follows a softmax, which only the end of a net may be");
  return in;
}

const OnnxItem& OnnxGraphReader::map(const Node& node, int input) const {
  const OnnxItem& in = activation(node, input);
  if (in.flat) fail(node, "reads '" + value(in).name + "', which is no image any more");
  if (in.channels_last) fail(node, "reads images with the channels last", "export the net for images of [n, c, h, w]");
  if (in.pad != 0 && node.op_type() != "Conv") fail(node, "reads a padded image", "pad convolutions only");
  return in;
}

bool OnnxGraphReader::has_input(const Node& node, int i) const { return i < node.input_size() && !node.input(i).empty(); }

const onnx::TensorProto& OnnxGraphReader::constant(const Node& node, int input, const char* what) const {
  const auto found = has_input(node, input) ? items_.find(node.input(input)) : items_.end();
  if (found == items_.end() || found->second.kind != OnnxItem::Kind::kConstant || found->second.transposed)
    fail(node, std::string("has no constant ") + what, "export the net for inference, with its parameters in the model");
  return *found->second.tensor;
}

std::vector<int64_t> OnnxGraphReader::numbers(const Node& node, int input, const char* what) const {
  const OnnxItem& in = item(node, input);
  return in.kind == OnnxItem::Kind::kNumbers ? in.numbers.values : model_.integers(constant(node, input, what));
}

// As an attribute, or as the second input, none below 0.
std::vector<int64_t> OnnxGraphReader::axes(const Node& node, int rank) const {
  std::vector<int64_t> list = has_input(node, 1) ? numbers(node, 1, "axes") : integers(node, "axes", {});
  for (int64_t& axis : list)
    if (axis < 0) axis += rank;
  std::sort(list.begin(), list.end());
  return list;
}

// A number that is an input or, in older operator sets, an attribute.
double OnnxGraphReader::scalar(const Node& node, int input, const char* attribute, double otherwise) const {
  if (!has_input(node, input)) {
    const onnx::AttributeProto* a = intrain::attribute(node, attribute);
    return a == nullptr ? otherwise : a->f();
  }
  const std::vector<float> values = model_.floats(constant(node, input, attribute));
  if (values.size() != 1) fail(node, std::string("has more than one ") + attribute);
  return values[0];
}

void OnnxGraphReader::set(const Node& node, const OnnxItem& item) {
  if (!items_.emplace(node.output(0), item).second) fail(node, "makes '" + node.output(0) + "', which there is already");
}

void OnnxGraphReader::flatten(const Node& node, const OnnxItem& in) {
  if (in.channels_last) fail(node, "reads images with the channels last", "export the net for images of [n, c, h, w]");
  if (in.pad != 0) fail(node, "reads a padded image", "pad convolutions only");
  OnnxItem out = in;
  out.flat = true;
  set(node, out);
}

FloatOp& OnnxGraphReader::add(FloatOp op, const Node& node, int64_t c, int64_t h, int64_t w, bool flat) {
  const int number = static_cast<int>(graph_.ops.size());
  if (c < 1 || h < 1 || w < 1 || c > kMostSide || h > kMostSide || w > kMostSide)
    fail(node, "makes an image of " + shape_text({c, h, w}), "take larger images, or give `model`");
  op.node = called(node);
  op.out = static_cast<int>(graph_.values.size());
  graph_.values.push_back({node.output(0), c, h, w, number});
  FloatValue::Range& range = graph_.values.back().range;
  if (op.kind == FloatOp::Kind::kMaxPool || op.kind == FloatOp::Kind::kAveragePool) range = graph_.value(op.in).range;
  if (op.kind == FloatOp::Kind::kRelu) range = FloatValue::Range::kPositive;
  if (op.kind == FloatOp::Kind::kRelu6) range = FloatValue::Range::kTo6;
  graph_.values[static_cast<size_t>(op.in)].readers.push_back(number);
  if (op.other >= 0 && op.other != op.in) graph_.values[static_cast<size_t>(op.other)].readers.push_back(number);
  OnnxItem out;
  out.value = op.out;
  out.flat = flat;
  set(node, out);
  graph_.ops.push_back(std::move(op));
  return graph_.ops.back();
}

// What the node makes of the value belongs to the operation that the value came from.
void OnnxGraphReader::take_over(const Node& node, const OnnxItem& in) {
  const FloatValue from = value(in);
  graph_.values[static_cast<size_t>(in.value)].within = true;
  OnnxItem out = in;
  out.value = graph_.ops[static_cast<size_t>(from.producer)].out = static_cast<int>(graph_.values.size());
  graph_.values.push_back({node.output(0), from.c, from.h, from.w, from.producer});
  set(node, out);
}

}  // namespace intrain
