#include "exchange/export/onnx_graph.h"

#include <onnx/onnx_pb.h>

#include <bit>
#include <cmath>

#include "core/check.h"

namespace intrain {

namespace {

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian");

onnx::TensorProto::DataType proto_type(OnnxType type) {
  switch (type) {
    case OnnxType::kU8:
      return onnx::TensorProto::UINT8;
    case OnnxType::kS8:
      return onnx::TensorProto::INT8;
    case OnnxType::kS32:
      return onnx::TensorProto::INT32;
    case OnnxType::kS64:
      return onnx::TensorProto::INT64;
    case OnnxType::kFloat:
      return onnx::TensorProto::FLOAT;
  }
  return onnx::TensorProto::UNDEFINED;
}

const char* type_name(OnnxType type) {
  switch (type) {
    case OnnxType::kU8:
      return "u8";
    case OnnxType::kS8:
      return "s8";
    case OnnxType::kS32:
      return "s32";
    case OnnxType::kS64:
      return "s64";
    case OnnxType::kFloat:
      return "float";
  }
  return "";
}

void set_value(onnx::ValueInfoProto& value, const std::string& name, OnnxType type, const std::vector<int64_t>& sizes) {
  value.set_name(name);
  onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(proto_type(type));
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  for (const int64_t size : sizes) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

}  // namespace

struct OnnxGraph::State {
  onnx::ModelProto model;
  onnx::GraphProto& graph = *model.mutable_graph();
};

OnnxGraph::OnnxGraph(const std::string& name) : state_(std::make_unique<State>()) {
  state_->model.set_ir_version(kFormat);
  state_->model.add_opset_import()->set_version(kOpset);
  state_->graph.set_name(name);
}
OnnxGraph::~OnnxGraph() = default;
OnnxGraph::OnnxGraph(OnnxGraph&&) noexcept = default;

void OnnxGraph::input(const std::string& name, OnnxType type, const std::vector<int64_t>& sizes) {
  CHECK_TRUE(names_.insert(name).second);
  set_value(*state_->graph.add_input(), name, type, sizes);
}
void OnnxGraph::output(const std::string& name, OnnxType type, const std::vector<int64_t>& sizes) {
  set_value(*state_->graph.add_output(), name, type, sizes);
}

template <class T>
std::string OnnxGraph::tensor(const std::string& name, std::span<const T> values, const std::vector<int64_t>& shape,
                              OnnxType type) {
  CHECK_TRUE(names_.insert(name).second);
  onnx::TensorProto& tensor = *state_->graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(proto_type(type));
  int64_t count = 1;
  for (const int64_t size : shape) {
    tensor.add_dims(size);
    count *= size;
  }
  CHECK_EQ(count, static_cast<int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size_bytes());
  return name;
}

std::string OnnxGraph::constant(const std::string& name, std::span<const uint8_t> values, const std::vector<int64_t>& shape) {
  return tensor(name, values, shape, OnnxType::kU8);
}
std::string OnnxGraph::constant(const std::string& name, std::span<const int8_t> values, const std::vector<int64_t>& shape) {
  return tensor(name, values, shape, OnnxType::kS8);
}
std::string OnnxGraph::constant(const std::string& name, std::span<const int32_t> values, const std::vector<int64_t>& shape) {
  return tensor(name, values, shape, OnnxType::kS32);
}
std::string OnnxGraph::constant(const std::string& name, std::span<const int64_t> values, const std::vector<int64_t>& shape) {
  return tensor(name, values, shape, OnnxType::kS64);
}
std::string OnnxGraph::constant(const std::string& name, std::span<const float> values, const std::vector<int64_t>& shape) {
  return tensor(name, values, shape, OnnxType::kFloat);
}

std::string OnnxGraph::scalar(OnnxType type, int64_t value) {
  const std::string name = std::string(type_name(type)) + "_" + std::to_string(value);
  if (names_.contains(name)) return name;
  const auto one = [&]<class T>(T v) { return tensor(name, std::span<const T>(&v, 1), {}, type); };
  switch (type) {
    case OnnxType::kU8:
      return one(static_cast<uint8_t>(value));
    case OnnxType::kS8:
      return one(static_cast<int8_t>(value));
    case OnnxType::kS32:
      return one(static_cast<int32_t>(value));
    case OnnxType::kS64:
      return one(value);
    case OnnxType::kFloat:
      return one(static_cast<float>(value));
  }
  return name;
}

std::string OnnxGraph::power_of_two(int exponent) {
  const std::string name = "float_2^" + std::to_string(exponent);
  const float value = std::ldexp(1.0F, exponent);
  return names_.contains(name) ? name : constant(name, std::span<const float>(&value, 1), {});
}

std::string OnnxGraph::list(const std::vector<int64_t>& values) {
  std::string name = "list";
  for (const int64_t v : values) name.append(1, '_').append(std::to_string(v));
  return names_.contains(name) ? name : constant(name, std::span<const int64_t>(values), {static_cast<int64_t>(values.size())});
}

std::string OnnxGraph::node(const char* op, const std::string& output, const std::vector<std::string>& inputs,
                            const std::vector<Attribute>& attributes) {
  CHECK_TRUE(names_.insert(output).second);
  onnx::NodeProto& node = *state_->graph.add_node();
  node.set_op_type(op);
  node.set_name(output);
  node.add_output(output);
  for (const std::string& input : inputs) node.add_input(input);
  for (const Attribute& a : attributes) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(a.name);
    attribute.set_type(a.list ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
    if (a.list)
      attribute.mutable_ints()->Add(a.values.begin(), a.values.end());
    else
      attribute.set_i(a.values[0]);
  }
  return output;
}

std::string OnnxGraph::cast(const std::string& output, const std::string& input, OnnxType type) {
  return node("Cast", output, {input}, {integer("to", proto_type(type))});
}

void OnnxGraph::metadata(const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *state_->model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::string OnnxGraph::serialize(const std::string& producer, const std::string& version, const std::string& description) const {
  state_->model.set_producer_name(producer);
  state_->model.set_producer_version(version);
  state_->model.set_doc_string(description);
  return state_->model.SerializeAsString();
}

}  // namespace intrain
