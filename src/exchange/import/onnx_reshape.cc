// The operators that change no number: they rename it, move it, or tell its place.
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "exchange/import/onnx_graph.h"

namespace intrain {

void OnnxGraphReader::pass(const Node& node) {
  // Of Dropout, since operator set 12.
  if (node.op_type() == "Dropout" && has_input(node, 2)) {
    const onnx::TensorProto& t = constant(node, 2, "training_mode");
    const bool trains = t.has_raw_data() ? t.raw_data().find_first_not_of('\0') != std::string::npos
                                         : t.int32_data_size() > 0 && t.int32_data(0) != 0;
    if (trains || t.data_location() == onnx::TensorProto::EXTERNAL)
      fail(node, "drops out at inference", "call eval() on the net before it is exported");
  }
  set(node, item(node, 0));
}

void OnnxGraphReader::cast(const Node& node) {
  const int64_t to = integer(node, "to", 0);
  const OnnxItem& in = item(node, 0);
  if (to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::FLOAT16 && to != onnx::TensorProto::BFLOAT16 &&
      to != onnx::TensorProto::DOUBLE && (in.kind == OnnxItem::Kind::kActivation || to != onnx::TensorProto::INT64))
    fail(node, "makes no floating point");
  set(node, in);
}

void OnnxGraphReader::constant_node(const Node& node) {
  const onnx::AttributeProto* held = attribute(node, "value");
  if (held == nullptr || !held->has_t()) fail(node, "holds no tensor");
  OnnxItem out{OnnxItem::Kind::kConstant};
  out.tensor = &held->t();
  set(node, out);
}

void OnnxGraphReader::flatten_node(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  const int64_t axis = integer(node, "axis", 1);
  if (axis != 1 && axis != (in.flat ? -1 : -3)) fail(node, "does not flatten each image by itself");
  flatten(node, in);
}

void OnnxGraphReader::reshape(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  if (in.channels_last) fail(node, "reads images with the channels last", "export the net for images of [n, c, h, w]");
  const std::vector<int64_t> shape = numbers(node, 1, "shape");
  const FloatValue& v = value(in);
  const std::vector<int64_t> now =
      in.flat ? std::vector<int64_t>{kBatchSize, v.c * v.h * v.w} : std::vector<int64_t>{kBatchSize, v.c, v.h, v.w};
  const std::vector<int64_t> sizes =
      shape.size() == 2 ? std::vector<int64_t>{v.c * v.h * v.w} : std::vector<int64_t>{v.c, v.h, v.w};
  // Each size as it is, or left to be found; of the first, how many images, either.
  bool same = shape.size() == 2 || shape.size() == 4, open = false;
  for (size_t i = 1; same && i < shape.size(); ++i) {
    const bool kept = shape[i] == 0 && integer(node, "allowzero", 0) == 0 && i < now.size() && now[i] == sizes[i - 1];
    same = shape[i] == sizes[i - 1] || shape[i] == -1 || kept;
    open |= shape[i] == -1;
  }
  if (same && open) same = shape[0] == kBatchSize || shape[0] == 0 || shape[0] == batch_;
  if (!same) {
    std::vector<int64_t> shown = shape;
    std::replace(shown.begin(), shown.end(), kBatchSize, int64_t{-1});
    fail(node, "makes " + shape_text(shown) + " of " + shape_text(sizes) + " of each image, which is more than to flatten it");
  }
  if (shape.size() == 2) return flatten(node, in);
  OnnxItem out = in;
  out.flat = false;
  set(node, out);
}

void OnnxGraphReader::squeeze(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  if (in.flat || value(in).h * value(in).w != 1 || axes(node, 4) != std::vector<int64_t>{2, 3})
    fail(node, "takes away other axes than those of one pixel");
  flatten(node, in);
}

void OnnxGraphReader::unsqueeze(const Node& node) {
  OnnxItem out = activation(node, 0);
  if (!out.flat || value(out).h * value(out).w != 1 || axes(node, 4) != std::vector<int64_t>{2, 3})
    fail(node, "adds other axes than those of one pixel");
  out.flat = false;
  set(node, out);
}

void OnnxGraphReader::transpose(const Node& node) {
  OnnxItem out = item(node, 0);
  const std::vector<int64_t> perm = integers(node, "perm", {});
  if (out.kind == OnnxItem::Kind::kConstant && out.tensor->dims_size() == 2 &&
      (perm.empty() || perm == std::vector<int64_t>{1, 0}))
    out.transposed = !out.transposed;
  else if (out.kind == OnnxItem::Kind::kActivation && out.channels_last && perm == std::vector<int64_t>{0, 3, 1, 2})
    out.channels_last = false;
  else
    fail(node, "moves pixels or channels", "export the net for images of [n, c, h, w]");
  set(node, out);
}

void OnnxGraphReader::shape(const Node& node) {
  const OnnxItem& in = activation(node, 0);
  const FloatValue& v = value(in);
  OnnxItem out{OnnxItem::Kind::kNumbers};
  std::vector<int64_t> sizes{kBatchSize, v.c, v.h + 2 * in.pad, v.w + 2 * in.pad};
  if (in.flat) sizes = {kBatchSize, v.c * v.h * v.w};
  if (in.channels_last) sizes = {kBatchSize, v.h, v.w, v.c};
  out.numbers.values = slice(sizes, integer(node, "start", 0), integer(node, "end", INT64_MAX));
  set(node, out);
}

void OnnxGraphReader::pad(const Node& node) {
  OnnxItem out = map(node, 0);
  const onnx::AttributeProto* mode = attribute(node, "mode");
  const std::vector<int64_t> pads = has_input(node, 1) ? numbers(node, 1, "pads") : integers(node, "pads", {});
  const int64_t by = pads.size() == 8 ? pads[2] : -1;
  if ((mode != nullptr && mode->s() != "constant") || scalar(node, 2, "value", 0) != 0 || has_input(node, 3) || by < 0 ||
      by > INT16_MAX || pads != std::vector<int64_t>{0, 0, by, by, 0, 0, by, by})
    fail(node, "does not add as many zeros on each side of an image");
  out.pad = static_cast<int>(by);
  set(node, out);
}

}  // namespace intrain
