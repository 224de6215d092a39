#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/check.h"
#include "core/error.h"
#include "io/atomic_file.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/read_file.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "data are written as they lie in memory");

namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kLengthBytes = 8;
constexpr size_t kMostNameBytes = 1024;
constexpr int64_t kMaxHeaderBytes = 100'000'000;  // what the format allows
constexpr int64_t kMaxFileBytes = int64_t{1} << 34;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kHint =
    "give it a file that the package safetensors has written, as with save_file(net.state_dict(), FILE)";

// Bytes of an element; 0 for a type that there is not.
int64_t element_bytes(const std::string& type) {
  static const std::map<std::string, int64_t> bytes = {{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"U16", 2}, {"I16", 2},
                                                       {"F16", 2},  {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},
                                                       {"U64", 8},  {"I64", 8},  {"F64", 8}};
  const auto at = bytes.find(type);
  return at == bytes.end() ? 0 : at->second;
}

struct Placed {
  SafeTensor tensor;
  int64_t begin, end;
};

Placed placed_from_json(const std::string& name, const Json& json, int64_t data_bytes) {
  if (name.size() > kMostNameBytes) throw std::invalid_argument("a name of " + std::to_string(name.size()) + " bytes");
  Placed placed{{name, json.at("dtype").get<std::string>(), {}, nullptr}, 0, 0};
  const int64_t each = element_bytes(placed.tensor.type);
  if (each == 0) throw std::invalid_argument("tensor '" + name + "' has the unknown type '" + placed.tensor.type + "'");
  const Json& offsets = json.at("data_offsets");
  if (offsets.size() != 2) throw std::invalid_argument("the offsets of tensor '" + name + "' are not two numbers");
  get_integer(offsets.at(0), placed.begin);
  get_integer(offsets.at(1), placed.end);
  if (placed.begin < 0 || placed.end < placed.begin || placed.end > data_bytes)
    throw std::invalid_argument("tensor '" + name + "' does not lie in the file");
  int64_t count = 1;
  for (const Json& size : json.at("shape")) {
    const auto n = integer_of<int64_t>(size);
    if (n < 0 || __builtin_mul_overflow(count, n, &count))
      throw std::invalid_argument("impossible shape of tensor '" + name + "'");
    placed.tensor.shape.push_back(n);
  }
  if (count > data_bytes / each || count * each != placed.end - placed.begin)
    throw std::invalid_argument("tensor '" + name + "' has another size than its shape says");
  return placed;
}

}  // namespace

int64_t SafeTensor::count() const {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

int64_t SafeTensor::bytes() const { return count() * element_bytes(type); }

SafetensorsFile read_safetensors(const std::string& path) {
  InputFile in(path);
  if (in.size() < kLengthBytes || in.size() > kMaxFileBytes) throw Error("not a safetensors file", path, kHint);
  uint64_t header_bytes;
  in.read(&header_bytes, sizeof header_bytes);
  if (header_bytes > static_cast<uint64_t>(std::min(in.size() - kLengthBytes, kMaxHeaderBytes)))
    throw Error("not a safetensors file: its header would have " + std::to_string(header_bytes) + " bytes", path, kHint);
  std::string header(header_bytes, '\0');
  in.read(header.data(), static_cast<int64_t>(header_bytes));
  const int64_t data_bytes = in.size() - kLengthBytes - static_cast<int64_t>(header_bytes);
  SafetensorsFile file;
  file.path = path;
  std::vector<Placed> list;
  try {
    const Json json = read_json(header);
    if (!json.is_object()) throw std::invalid_argument("it is no object");
    for (const auto& [name, value] : json.items()) {
      if (name == kMetadata)
        value.get_to(file.metadata);
      else
        list.push_back(placed_from_json(name, value, data_bytes));
    }
    std::stable_sort(list.begin(), list.end(), [](const Placed& a, const Placed& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;  // those without elements first
    });
    int64_t at = 0;
    for (const Placed& p : list) {
      if (p.begin != at) throw std::invalid_argument("a gap or an overlap before tensor '" + p.tensor.name + "'");
      at = p.end;
    }
    if (at != data_bytes) throw std::invalid_argument("bytes after the last tensor");
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("not a safetensors file: broken header: ") + e.what(), path, kHint);
  } catch (const std::invalid_argument& e) {
    throw Error(std::string("not a safetensors file: broken header: ") + e.what(), path, kHint);
  }
  file.content.resize(static_cast<size_t>(data_bytes));
  in.read(file.content.data(), data_bytes);
  for (Placed& p : list) {
    p.tensor.data = file.content.data() + p.begin;
    file.tensors.push_back(std::move(p.tensor));
  }
  return file;
}

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafeTensor>& tensors) {
  Json json = Json::object();
  json[kMetadata] = metadata;
  int64_t at = 0;
  for (const SafeTensor& t : tensors) {
    CHECK_LT(0, element_bytes(t.type));
    json[t.name] = {{"dtype", t.type}, {"shape", t.shape}, {"data_offsets", {at, at + t.bytes()}}};
    at += t.bytes();
  }
  std::string header = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  header.resize((header.size() + 7) / 8 * 8, ' ');  // so that the data are aligned
  const uint64_t header_bytes = header.size();
  AtomicFile file(path);
  file.write(&header_bytes, sizeof header_bytes);
  file.write(header.data(), header.size());
  for (const SafeTensor& t : tensors) file.write(t.data, static_cast<size_t>(t.bytes()));
  file.commit();
}

}  // namespace intrain
