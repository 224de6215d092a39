#include "checkpoint/checkpoint_tensors.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/formats.h"
#include "core/version.h"
#include "io/json_text.h"
#include "settings/config_json.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

const std::string kMomentum = ".momentum", kExponent = "_exp";

const char* dtype(ElementType t) { return t == ElementType::kS16 ? "I16" : t == ElementType::kS32 ? "I32" : "I64"; }

// Of the momentum whose name comes before.
bool is_exponent(const CheckpointArray& a) { return a.name.ends_with(kMomentum + kExponent); }

std::string dumped(const Json& json) { return json.dump(); }

}  // namespace

std::vector<SafeTensor> checkpoint_tensors(const Checkpoint& checkpoint, const std::vector<Parameter*>& parameters) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const Parameter* p : parameters)
    shapes[p->name] = shapes[p->name + kMomentum] = shapes[p->name + ".average"] =
        std::vector<int64_t>(p->shape.begin(), p->shape.end());
  std::vector<SafeTensor> tensors;
  for (const CheckpointArray& a : checkpoint.arrays) {
    if (is_exponent(a)) continue;
    const auto shape = shapes.find(a.name);
    tensors.push_back({a.name, dtype(a.type), shape == shapes.end() ? std::vector<int64_t>{a.count} : shape->second,
                       checkpoint.bytes.data() + a.offset});
  }
  return tensors;
}

std::map<std::string, std::string> checkpoint_metadata(const Checkpoint& checkpoint) {
  Json exponents = Json::object();
  for (const CheckpointArray& a : checkpoint.arrays) {
    if (is_exponent(a)) {
      int32_t exp = 0;
      std::memcpy(&exp, checkpoint.bytes.data() + a.offset, sizeof exp);
      exponents[a.name.substr(0, a.name.size() - kExponent.size())] = exp;
    } else if (!a.name.ends_with(kMomentum)) {
      exponents[a.name] = a.type == ElementType::kS64 ? kRunningExp : kMasterExp;
    }
  }
  const CheckpointInfo& info = checkpoint.info;
  return {{"producer", std::string("intrain ") + kVersion},
          {"model", to_unicode(info.model)},
          {"step", std::to_string(info.step)},
          {"epoch", std::to_string(info.epoch)},
          {"input", dumped({info.h, info.w, info.c})},
          {"class_names", dumped(to_unicode(info.class_names))},
          {"normalization", dumped(info.normalization)},
          {"config", dumped(info.config)},
          {"exponents", dumped(exponents)}};
}

}  // namespace intrain
