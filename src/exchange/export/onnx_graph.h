// An ONNX model under construction: named tensors, nodes, metadata.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace intrain {

enum class OnnxType { kU8, kS8, kS32, kS64, kFloat };

class OnnxGraph {
 public:
  // Of the default operator set and of the file format: ONNX 1.10 and later, ONNX Runtime 1.9 and later.
  static constexpr int kOpset = 15, kFormat = 8;

  // A node's attribute: an integer, or several.
  struct Attribute {
    const char* name;
    std::vector<int64_t> values;
    bool list = true;
  };
  static Attribute integer(const char* name, int64_t value) { return {name, {value}, false}; }

  explicit OnnxGraph(const std::string& name);
  ~OnnxGraph();
  OnnxGraph(OnnxGraph&&) noexcept;

  // [N][sizes...], N any number.
  void input(const std::string& name, OnnxType type, const std::vector<int64_t>& sizes);
  void output(const std::string& name, OnnxType type, const std::vector<int64_t>& sizes);

  // A constant tensor; as many values as `shape` says. All return the name given.
  std::string constant(const std::string& name, std::span<const uint8_t> values, const std::vector<int64_t>& shape);
  std::string constant(const std::string& name, std::span<const int8_t> values, const std::vector<int64_t>& shape);
  std::string constant(const std::string& name, std::span<const int32_t> values, const std::vector<int64_t>& shape);
  std::string constant(const std::string& name, std::span<const int64_t> values, const std::vector<int64_t>& shape);
  std::string constant(const std::string& name, std::span<const float> values, const std::vector<int64_t>& shape);
  // A scalar, the same tensor each time it is asked for.
  std::string scalar(OnnxType type, int64_t value);
  // 2^exponent, likewise. -126 to 127.
  std::string power_of_two(int exponent);
  // A list of integers, likewise.
  std::string list(const std::vector<int64_t>& values);

  // The node's one output, whose name is given; also the node's name. No two tensors have one name. op: the operator's name; an empty input is none.
  std::string node(const char* op, const std::string& output, const std::vector<std::string>& inputs,
                   const std::vector<Attribute>& attributes = {});
  std::string cast(const std::string& output, const std::string& input, OnnxType type);

  void metadata(const std::string& key, const std::string& value);

  // The model as bytes of its file. description: for a reader.
  std::string serialize(const std::string& producer, const std::string& version, const std::string& description) const;

 private:
  struct State;
  template <class T>
  std::string tensor(const std::string& name, std::span<const T> values, const std::vector<int64_t>& shape, OnnxType type);

  std::unique_ptr<State> state_;
  std::set<std::string> names_;  // of all tensors
};

}  // namespace intrain
