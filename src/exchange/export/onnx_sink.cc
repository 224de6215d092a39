#include "exchange/export/onnx_sink.h"

#include "base/formats.h"
#include "core/check.h"
#include "exchange/channel_order.h"

namespace intrain {

OnnxSink::OnnxSink(OnnxGraph& graph, int h, int w, int c, const std::vector<int8_t>& table) : graph_(graph) {
  CHECK_LE(int64_t{c} * 256, static_cast<int64_t>(table.size()));
  graph.input(kImages, OnnxType::kU8, {c, h, w});
  // One table of all channels: pixel p of channel i is its entry 256 i + p.
  std::vector<uint8_t> entries;
  std::vector<int32_t> first;
  for (int i = 0; i < c; ++i) {
    first.push_back(256 * i);
    for (int p = 0; p < 256; ++p) entries.push_back(static_cast<uint8_t>(table[static_cast<size_t>(256 * i + p)] + 128));
  }
  const std::string pixels = graph.cast("images.s32", kImages, OnnxType::kS32);
  const std::string index = graph.node("Add", "images.index", {pixels, graph.constant("images.first", first, {c, 1, 1})});
  store(nullptr, graph.node("Gather", "images.normalized", {graph.constant("images.table", entries, {256 * c}), index}),
        kInputExp);
}

std::string OnnxSink::flat(const Value* value, const std::string& name) {
  return graph_.node("Flatten", name + ".in", {stored(value).tensor});
}

std::string OnnxSink::unflat(const std::string& tensor, const std::string& name) {
  return graph_.node("Unsqueeze", name, {tensor, graph_.list({2, 3})});
}

void OnnxSink::max_pool(const Value* in, const Value* out, const MaxPoolShape& p) {
  // Of u8 alone: a padded tap is no larger than any value.
  const std::string pooled = graph_.node(
      "MaxPool", out->name, {stored(in).tensor},
      {{"kernel_shape", {p.size, p.size}}, {"strides", {p.stride, p.stride}}, {"pads", {p.pad, p.pad, p.pad, p.pad}}});
  store(out, pooled, stored(in).exp);
}

void OnnxSink::pad_shortcut(const Value* in, const Value* out, const PadShortcutShape& p) {
  // Codes as they are: both values have the same scale and zero point.
  std::string codes = stored(in).tensor;
  if (p.stride > 1)
    codes = graph_.node(
        "Slice", p.k > p.c ? out->name + ".pixels" : out->name,
        {codes, graph_.list({0, 0}), graph_.list({p.h, p.w}), graph_.list({2, 3}), graph_.list({p.stride, p.stride})});
  if (p.k > p.c)
    codes = graph_.node(
        "Pad", out->name,
        {codes, graph_.list({0, p.before, 0, 0, 0, p.k - p.c - p.before, 0, 0}), graph_.scalar(OnnxType::kU8, zero_point(in))});
  store(out, codes, stored(in).exp);
}

std::vector<OnnxGraph::Attribute> OnnxSink::conv_attributes(const ConvShape& s) {
  return {{"kernel_shape", {s.kh, s.kw}},
          {"strides", {s.stride, s.stride}},
          {"pads", {s.pad_h(), s.pad, s.pad_h(), s.pad}},
          OnnxGraph::integer("group", s.groups)};
}

std::vector<int8_t> OnnxSink::conv_weight(const ConvGraph& conv) {
  return swap_axes<int8_t>(conv.weight, conv.shape.taps(), conv.shape.group_c());
}

std::vector<int8_t> OnnxSink::linear_weight(const LinearGraph& linear) {
  return swap_axes<int8_t>(linear.weight, linear.in->pixels(), linear.in->c);
}

}  // namespace intrain
