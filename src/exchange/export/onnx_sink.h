// What both forms of an export share: the input, the tensors that layers read, their weights in ONNX's order.
//
// A value that products read is u8 in the graph, [N][C][H][W]; one that is s8 in the net (the image, a linear bottleneck) is stored + 128,
// with the zero point 128: runtimes have their fast paths for u8 inputs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exchange/export/onnx_graph.h"
#include "nn/graph_sink.h"
#include "nn/layer.h"

namespace intrain {

class OnnxSink : public GraphSink {
 public:
  static constexpr const char* kImages = "images";
  static constexpr const char* kLogits = "logits";

  // table: [c][256], from pixels to what the net reads (Normalization).
  OnnxSink(OnnxGraph& graph, int h, int w, int c, const std::vector<int8_t>& table);

  void max_pool(const Value* in, const Value* out, const MaxPoolShape& shape) final;
  void pad_shortcut(const Value* in, const Value* out, const PadShortcutShape& shape) final;
  // Of the logits: value = logit 2^exponent. Once all layers are written.
  int logits_exp() const { return logits_exp_; }

 protected:
  static int zero_point(const Value* value) { return value->is_signed() ? 128 : 0; }

  // The u8 tensor of a value; exp: what its codes, less the zero point, are multiples of.
  struct Stored {
    std::string tensor;
    int exp;
  };
  const Stored& stored(const Value* value) const { return stored_.at(value->kind == Value::Kind::kInput ? nullptr : value); }
  void store(const Value* value, const std::string& tensor, int exp) { stored_[value] = {tensor, exp}; }
  // [N][features] of it, for a linear layer called `name`; and a linear layer's output as a value.
  std::string flat(const Value* value, const std::string& name);
  std::string unflat(const std::string& tensor, const std::string& name);

  static std::vector<OnnxGraph::Attribute> conv_attributes(const ConvShape& shape);
  // [k][c of a group][kh][kw] from W of a convolution; [outputs][c h w] from that of a linear layer.
  static std::vector<int8_t> conv_weight(const ConvGraph& conv);
  static std::vector<int8_t> linear_weight(const LinearGraph& linear);

  OnnxGraph& graph_;
  int logits_exp_ = 0;

 private:
  std::map<const Value*, Stored> stored_;  // of null: the images, normalized
};

}  // namespace intrain
