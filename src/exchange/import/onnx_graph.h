// Reads an ONNX graph node by node: exchange/import/onnx_graph.cc the graph; onnx_operators.cc, onnx_activations.cc and onnx_reshape.cc, beside it,
// its operators.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "exchange/import/float_graph.h"
#include "exchange/import/onnx_shapes.h"

namespace intrain {

// What a tensor of the ONNX graph is to us.
struct OnnxItem {
  enum class Kind { kActivation, kConstant, kNumbers };
  Kind kind = Kind::kActivation;
  int value = -1;                             // kActivation: of the FloatGraph
  bool flat = false;                          // [n, c h w] instead of [n, c, h, w]
  bool channels_last = false;                 // [n, h, w, c], as the images of some graphs are at first
  int pad = 0;                                // zeros around it, which a convolution is to add
  bool ended = false;                         // behind a softmax
  const onnx::TensorProto* tensor = nullptr;  // kConstant
  bool transposed = false;                    // a matrix, its transpose
  ShapeNumbers numbers{};                     // kNumbers
};

class OnnxGraphReader {
 public:
  OnnxGraphReader(const OnnxModel& model, int h, int w, int c);
  FloatGraph read();

 private:
  using Node = onnx::NodeProto;
  using Handler = void (OnnxGraphReader::*)(const Node&);
  static const std::map<std::string, Handler>& handlers();

  [[noreturn]] void fail(const std::string& what, const std::string& hint = kOnnxHint) const;  // of the graph
  [[noreturn]] void fail(const Node& node, const std::string& what, const std::string& hint = kOnnxHint) const;

  void add_images();
  std::set<const Node*> needed() const;
  void add_node(const Node& node);
  bool reads_constants(const Node& node) const;
  bool add_numbers(const Node& node);

  // Tensors.
  const OnnxItem& item(const Node& node, int input) const;
  const OnnxItem& activation(const Node& node, int input) const;
  const OnnxItem& map(const Node& node, int input) const;  // [n, c, h, w]
  bool has_input(const Node& node, int i) const;
  const onnx::TensorProto& constant(const Node& node, int input, const char* what) const;
  std::vector<int64_t> numbers(const Node& node, int input, const char* what) const;
  std::vector<int64_t> axes(const Node& node, int rank) const;
  double scalar(const Node& node, int input, const char* attribute, double otherwise) const;
  void set(const Node& node, const OnnxItem& item);
  void flatten(const Node& node, const OnnxItem& in);

  // The float graph.
  FloatValue& value(const OnnxItem& item) { return graph_.values[static_cast<size_t>(item.value)]; }
  const FloatValue& value(const OnnxItem& item) const { return graph_.values[static_cast<size_t>(item.value)]; }
  FloatOp& add(FloatOp op, const Node& node, int64_t c, int64_t h, int64_t w, bool flat);
  void take_over(const Node& node, const OnnxItem& in);
  void window(const Node& node, const FloatValue& in, FloatOp& op) const;
  void step_of_channels(const Node& node, ChannelStep step, const OnnxItem& in);
  void rectify(const Node& node, FloatOp::Kind kind);
  void rectify_before(int producer);

  // Operators that change no number.
  void pass(const Node& node);
  void cast(const Node& node);
  void constant_node(const Node& node);
  void flatten_node(const Node& node);
  void reshape(const Node& node);
  void squeeze(const Node& node);
  void unsqueeze(const Node& node);
  void transpose(const Node& node);
  void shape(const Node& node);
  void pad(const Node& node);
  // The others.
  void conv(const Node& node);
  void batch_norm(const Node& node);
  void arithmetic(const Node& node);
  void relu(const Node& node);
  void clip(const Node& node);
  void max_pool(const Node& node);
  void average_pool(const Node& node);
  void global_average_pool(const Node& node);
  void reduce_mean(const Node& node);
  void gemm(const Node& node);
  void matmul(const Node& node);
  void softmax(const Node& node);

  const OnnxModel& model_;
  FloatGraph graph_;
  int64_t batch_ = kBatchSize;  // how many images the graph is for
  std::map<std::string, OnnxItem> items_;
};

}  // namespace intrain
