#include "io/safetensors.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/formats.h"
#include "core/version.h"
#include "io/config_json.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMomentum = ".momentum", kExponent = "_exp";

const char* dtype(ElementType t) { return t == ElementType::kS16 ? "I16" : t == ElementType::kS32 ? "I32" : "I64"; }

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string safetensors_of(const Checkpoint& checkpoint, const std::map<std::string, std::vector<int>>& shapes) {
  const CheckpointInfo& info = checkpoint.info;
  Json header = {{"__metadata__", Json::object()}}, exponents = Json::object();
  std::string data;
  for (const CheckpointArray& a : checkpoint.arrays) {
    const uint8_t* from = checkpoint.bytes.data() + a.offset;
    if (a.name.ends_with(std::string(kMomentum).append(kExponent))) {  // the exponent of the momentum before it
      int32_t exp = 0;
      std::memcpy(&exp, from, sizeof exp);
      exponents[a.name.substr(0, a.name.size() - kExponent.size())] = exp;
      continue;
    }
    const bool momentum = a.name.ends_with(kMomentum);
    const auto shape = shapes.find(momentum ? a.name.substr(0, a.name.size() - kMomentum.size()) : a.name);
    const bool parameter = shape != shapes.end();
    if (!momentum) exponents[a.name] = parameter ? kMasterExp : kRunningExp;
    const size_t begin = data.size(), bytes = static_cast<size_t>(a.count * element_bytes(a.type));
    data.append(reinterpret_cast<const char*>(from), bytes);
    header[a.name] = {{"dtype", dtype(a.type)},
                      {"shape", parameter ? Json(shape->second) : Json{a.count}},
                      {"data_offsets", {begin, begin + bytes}}};
  }
  header["__metadata__"] = {{"producer", std::string("intrain ") + kVersion},
                            {"model", info.model},
                            {"step", std::to_string(info.step)},
                            {"epoch", std::to_string(info.epoch)},
                            {"input", dumped({info.h, info.w, info.c})},
                            {"class_names", dumped(info.class_names)},
                            {"normalization", dumped(info.normalization)},
                            {"config", dumped(info.config)},
                            {"exponents", dumped(exponents)}};
  std::string text = dumped(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
}

}  // namespace intrain
