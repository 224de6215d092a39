// An ONNX model's file, and the numbers of its tensors, in it or in files beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace onnx {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace intrain {

// The operator sets whose operators are known.
constexpr int64_t kLeastOperatorSet = 7, kMostOperatorSet = 28;
constexpr const char* kOnnxHint = "docs/import.md says which ONNX graphs are taken";

class OnnxModel {
 public:
  // Throws Error if it is no ONNX model, or of another operator set.
  explicit OnnxModel(const std::string& path);
  ~OnnxModel();
  OnnxModel(const OnnxModel&) = delete;
  OnnxModel& operator=(const OnnxModel&) = delete;

  const std::string& path() const { return path_; }
  const onnx::GraphProto& graph() const;

  // Its numbers, of whichever kind of floating point, as float32; all are finite. Memory is taken for no more than the files hold.
  std::vector<float> floats(const onnx::TensorProto& tensor) const;
  // Of s32 or s64, at most kMostIntegers: a shape, or axes.
  std::vector<int64_t> integers(const onnx::TensorProto& tensor) const;
  static constexpr int64_t kMostIntegers = 16;

  // Bytes of the model's file and of those beside it that it names.
  int64_t stored_bytes() const;

 private:
  [[noreturn]] void fail(const onnx::TensorProto& tensor, const std::string& what, const std::string& hint) const;
  // The bytes of a tensor of `count` elements of `size` bytes, where it holds them as such: in the model, or in an external file.
  std::vector<uint8_t> raw(const onnx::TensorProto& tensor, size_t count, size_t size) const;
  std::vector<uint8_t> external(const onnx::TensorProto& tensor, size_t bytes) const;

  std::string path_;
  int64_t bytes_ = 0;
  std::unique_ptr<onnx::ModelProto> model_;
};

// The sizes of a tensor.
std::vector<int64_t> shape_of(const onnx::TensorProto& tensor);
// What people look for in the graph: the operator, and the node's name or else that of its output.
std::string called(const onnx::NodeProto& node);

// Attributes of a node, and what they are without being given.
const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const char* name);
int64_t integer(const onnx::NodeProto& node, const char* name, int64_t otherwise);
float number(const onnx::NodeProto& node, const char* name, float otherwise);
std::vector<int64_t> integers(const onnx::NodeProto& node, const char* name, const std::vector<int64_t>& otherwise);

}  // namespace intrain
