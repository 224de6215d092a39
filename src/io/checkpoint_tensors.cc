#include "io/checkpoint_tensors.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/formats.h"

namespace intrain {

namespace {

const char* type_of(ElementType t) { return t == ElementType::kS16 ? "I16" : t == ElementType::kS32 ? "I32" : "I64"; }

constexpr const char* kMomentum = ".momentum";
constexpr const char* kMomentumExp = ".momentum_exp";

}  // namespace

std::vector<SafeTensor> checkpoint_tensors(const Checkpoint& checkpoint, const std::vector<Parameter*>& parameters) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const Parameter* p : parameters)
    shapes[p->name] = shapes[p->name + kMomentum] = std::vector<int64_t>(p->shape.begin(), p->shape.end());
  std::vector<SafeTensor> tensors;
  for (const CheckpointArray& a : checkpoint.arrays) {
    const auto shape = shapes.find(a.name);
    tensors.push_back({a.name, type_of(a.type), shape == shapes.end() ? std::vector<int64_t>{a.count} : shape->second,
                       checkpoint.bytes.data() + a.offset});
  }
  const CheckpointInfo& info = checkpoint.info;
  tensors.push_back({"normalization", "I8", {info.c, 256}, info.normalization.data()});
  return tensors;
}

std::map<std::string, std::string> checkpoint_metadata(const Checkpoint& checkpoint) {
  const CheckpointInfo& info = checkpoint.info;
  nlohmann::ordered_json exponents = nlohmann::ordered_json::object();
  for (const CheckpointArray& a : checkpoint.arrays) {
    if (a.name.ends_with(kMomentumExp)) {
      int32_t exp;
      std::memcpy(&exp, checkpoint.bytes.data() + a.offset, sizeof exp);
      exponents[a.name.substr(0, a.name.size() - std::strlen(kMomentumExp)) + kMomentum] = exp;
    } else if (!a.name.ends_with(kMomentum)) {
      exponents[a.name] = a.type == ElementType::kS64 ? kRunningExp : kMasterExp;
    }
  }
  exponents["normalization"] = kInputExp;
  return {{"model", info.model},
          {"step", std::to_string(info.step)},
          {"epoch", std::to_string(info.epoch)},
          {"config", nlohmann::ordered_json(info.config).dump()},
          {"class_names",
           nlohmann::ordered_json(info.class_names).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)},
          {"exponents", exponents.dump()}};
}

}  // namespace intrain
