#include "exchange/import/onnx_model.h"

#include <fcntl.h>
#include <onnx/onnx_pb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "exchange/import/float_net.h"
#include "io/read_file.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "raw tensors are little-endian");

namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxBytes = INT32_MAX;  // of a protobuf message
constexpr const char* kExternalHint =
    "external data lie in files of the model's own folder: put them there as they were exported";

// The number of elements; 0 if there are none, or more than any tensor here has.
size_t count_of(const onnx::TensorProto& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.dims()) {
    if (size < 1 || size > INT32_MAX / count) return 0;
    count *= size;
  }
  return static_cast<size_t>(count);
}

size_t bytes_of(int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return 2;
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::INT32:
      return 4;
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::INT64:
      return 8;
    default:
      return 0;
  }
}

template <class T>
T at(const std::vector<uint8_t>& bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

fs::path folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// The file that `location` names, if it is one of the folder: no way out by .., an absolute path or a link. Empty if not.
fs::path path_within(const fs::path& folder, const std::string& location) {
  const fs::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute()) return {};
  for (const fs::path& part : relative)
    if (part == "..") return {};
  std::error_code failed;
  const fs::path inside = fs::canonical(folder, failed);
  if (failed) return {};
  const fs::path file = fs::canonical(folder / relative, failed);
  if (failed || std::mismatch(inside.begin(), inside.end(), file.begin(), file.end()).first != inside.end()) return {};
  return fs::is_regular_file(file, failed) ? file : fs::path();
}

// Of the five ways in which a Constant holds its value, leaves the one that is a tensor.
void hold_tensor(onnx::NodeProto& node) {
  for (onnx::AttributeProto& a : *node.mutable_attribute()) {
    if (!a.name().starts_with("value_")) continue;
    onnx::TensorProto& t = *a.mutable_t();
    if (a.name() == "value_float" || a.name() == "value_floats") {
      t.set_data_type(onnx::TensorProto::FLOAT);
      *t.mutable_float_data() = a.floats();
      if (a.name() == "value_float") t.add_float_data(a.f());
    } else if (a.name() == "value_int" || a.name() == "value_ints") {
      t.set_data_type(onnx::TensorProto::INT64);
      *t.mutable_int64_data() = a.ints();
      if (a.name() == "value_int") t.add_int64_data(a.i());
    } else {
      continue;
    }
    if (a.name().ends_with('s')) t.add_dims(a.floats_size() + a.ints_size());
    a.set_name("value");
  }
}

}  // namespace

std::vector<int64_t> shape_of(const onnx::TensorProto& tensor) { return {tensor.dims().begin(), tensor.dims().end()}; }

std::string called(const onnx::NodeProto& node) {
  return node.op_type() + " '" + (node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name()) + "'";
}

const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const char* name) {
  for (const onnx::AttributeProto& a : node.attribute())
    if (a.name() == name) return &a;
  return nullptr;
}
int64_t integer(const onnx::NodeProto& node, const char* name, int64_t otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : a->i();
}
float number(const onnx::NodeProto& node, const char* name, float otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : a->f();
}
std::vector<int64_t> integers(const onnx::NodeProto& node, const char* name, const std::vector<int64_t>& otherwise) {
  const onnx::AttributeProto* a = attribute(node, name);
  return a == nullptr ? otherwise : std::vector<int64_t>(a->ints().begin(), a->ints().end());
}

OnnxModel::OnnxModel(const std::string& path) : path_(path), model_(std::make_unique<onnx::ModelProto>()) {
  const std::vector<uint8_t> bytes = read_file(path, 1, kMaxBytes, "not an ONNX model", kOnnxHint);
  bytes_ = static_cast<int64_t>(bytes.size());
  if (!model_->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || graph().node().empty())
    throw Error("not an ONNX model", path, kOnnxHint);
  for (const onnx::OperatorSetIdProto& set : model_->opset_import())
    if ((set.domain().empty() || set.domain() == "ai.onnx") &&
        (set.version() < kLeastOperatorSet || set.version() > kMostOperatorSet))
      throw Error("the model is of operator set " + std::to_string(set.version()), path,
                  "export it with one from " + std::to_string(kLeastOperatorSet) + " to " + std::to_string(kMostOperatorSet) +
                      ": opset_version of torch.onnx.export");
  for (onnx::NodeProto& node : *model_->mutable_graph()->mutable_node())
    if (node.op_type() == "Constant") hold_tensor(node);
}
OnnxModel::~OnnxModel() = default;

const onnx::GraphProto& OnnxModel::graph() const { return model_->graph(); }

void OnnxModel::fail(const onnx::TensorProto& tensor, const std::string& what, const std::string& hint) const {
  throw Error("tensor '" + tensor.name() + "' " + what, path_, hint);
}

int64_t OnnxModel::stored_bytes() const {
  std::set<std::string> locations;
  for (const onnx::TensorProto& t : graph().initializer())
    for (const onnx::StringStringEntryProto& entry : t.external_data())
      if (entry.key() == "location") locations.insert(entry.value());
  int64_t bytes = bytes_;
  for (const std::string& location : locations) {
    struct stat status {};
    const fs::path file = path_within(folder_of(path_), location);
    if (file.empty() || ::stat(file.c_str(), &status) != 0) continue;
    // Of a sparse file, what there is of it, where the file system tells.
    const int64_t there = int64_t{status.st_blocks} * 512;
    bytes += there > 0 ? std::min<int64_t>(there, status.st_size) : status.st_size;
  }
  return bytes;
}

std::vector<uint8_t> OnnxModel::external(const onnx::TensorProto& tensor, size_t bytes) const {
  std::string location;
  uint64_t offset = 0, length = bytes;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    const std::string& value = entry.value();
    if (entry.key() == "location") location = value;
    if (entry.key() != "offset" && entry.key() != "length") continue;
    uint64_t& to = entry.key() == "offset" ? offset : length;
    if (const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), to);
        error != std::errc() || end != value.data() + value.size())
      fail(tensor, "has '" + value + "' as the " + entry.key() + " of its external data", kExternalHint);
  }
  if (length != bytes) fail(tensor, "holds another number of values than its shape says", kOnnxHint);
  const fs::path file = path_within(folder_of(path_), location);
  if (file.empty()) fail(tensor, "lies in '" + location + "', which is no file of the model's folder", kExternalHint);
  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) ::close(fd);
    }
  };
  const Descriptor opened{::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status {};
  if (opened.fd < 0 || ::fstat(opened.fd, &status) != 0)
    fail(tensor, "lies in '" + location + "', which cannot be opened: " + std::strerror(errno), kExternalHint);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || length > size || offset > size - length)
    fail(tensor, "lies beyond the end of '" + location + "'", kExternalHint);
  std::vector<uint8_t> data(bytes);
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(opened.fd, data.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (got <= 0) fail(tensor, "cannot be read from '" + location + "'", "check the disk");
    done += static_cast<size_t>(got);
  }
  return data;
}

std::vector<uint8_t> OnnxModel::raw(const onnx::TensorProto& tensor, size_t count, size_t size) const {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) return external(tensor, count * size);
  if (tensor.raw_data().size() != count * size) fail(tensor, "holds another number of values than its shape says", kOnnxHint);
  return {tensor.raw_data().begin(), tensor.raw_data().end()};
}

std::vector<float> OnnxModel::floats(const onnx::TensorProto& tensor) const {
  const int32_t type = tensor.data_type();
  const bool half = type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16;
  if (!half && type != onnx::TensorProto::FLOAT && type != onnx::TensorProto::DOUBLE)
    fail(tensor, "is not in floating point", kOnnxHint);
  const size_t count = count_of(tensor);
  if (count == 0) fail(tensor, "has the impossible shape " + shape_text(shape_of(tensor)), kOnnxHint);
  const auto half_bits = [&](uint16_t bits) {
    return type == onnx::TensorProto::FLOAT16 ? half_value(bits) : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  };
  std::vector<float> values;
  if (tensor.has_raw_data() || tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    const std::vector<uint8_t> bytes = raw(tensor, count, bytes_of(type));
    values.resize(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = half                                ? half_bits(at<uint16_t>(bytes, i))
                  : type == onnx::TensorProto::DOUBLE ? static_cast<float>(at<double>(bytes, i))
                                                      : at<float>(bytes, i);
  } else if (type == onnx::TensorProto::FLOAT) {
    values.assign(tensor.float_data().begin(), tensor.float_data().end());
  } else if (type == onnx::TensorProto::DOUBLE) {
    values.assign(tensor.double_data().begin(), tensor.double_data().end());
  } else {
    for (const int32_t bits : tensor.int32_data()) values.push_back(half_bits(static_cast<uint16_t>(bits)));
  }
  if (values.size() != count) fail(tensor, "holds another number of values than its shape says", kOnnxHint);
  for (const float v : values)
    if (!std::isfinite(v)) fail(tensor, "holds numbers that are not finite", "train the net again, or export it in float32");
  return values;
}

std::vector<int64_t> OnnxModel::integers(const onnx::TensorProto& tensor) const {
  const int32_t type = tensor.data_type();
  if (type != onnx::TensorProto::INT32 && type != onnx::TensorProto::INT64) fail(tensor, "is not of int64", kOnnxHint);
  const size_t count = count_of(tensor);
  if (count > kMostIntegers || (count == 0 && shape_of(tensor) != std::vector<int64_t>{0}))
    fail(tensor, "of shape " + shape_text(shape_of(tensor)) + " is no shape, and no list of axes", kOnnxHint);
  std::vector<int64_t> values;
  if (tensor.has_raw_data() || tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    const std::vector<uint8_t> bytes = raw(tensor, count, bytes_of(type));
    for (size_t i = 0; i < count; ++i)
      values.push_back(type == onnx::TensorProto::INT64 ? at<int64_t>(bytes, i) : at<int32_t>(bytes, i));
  } else if (type == onnx::TensorProto::INT64) {
    values.assign(tensor.int64_data().begin(), tensor.int64_data().end());
  } else {
    values.assign(tensor.int32_data().begin(), tensor.int32_data().end());
  }
  if (values.size() != count) fail(tensor, "holds another number of values than its shape says", kOnnxHint);
  return values;
}

}  // namespace intrain
