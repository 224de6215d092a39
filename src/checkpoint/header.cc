#include "checkpoint/header.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/formats.h"
#include "base/loss_format.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/json_text.h"
#include "settings/config_json.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostNameBytes = 256;

ElementType type_by_name(const std::string& name) {
  for (ElementType t : {ElementType::kS16, ElementType::kS32, ElementType::kS64})
    if (name == type_name(t)) return t;
  throw std::invalid_argument("unknown type '" + name + "'");
}

Json header_json(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  Json arrays = Json::array();
  int64_t offset = 0;
  for (const StateArray& a : state) {
    arrays.push_back({{"name", a.name}, {"type", type_name(a.type)}, {"count", a.count}, {"offset", offset}});
    offset = align8(offset + a.count * element_bytes(a.type));
  }
  Json json = {{"model", to_unicode(info.model)},
               {"input", {info.h, info.w, info.c}},
               {"classes", info.classes},
               {"class_names", to_unicode(info.class_names)},
               {"config", info.config},
               {"step", info.step},
               {"epoch", info.epoch},
               {"best", {{"hits", info.best_hits}, {"of", info.test_count}, {"epoch", info.best_epoch}}},
               {"train_count", info.train_count},
               {"unfinished_epoch", {{"count", info.epoch_count}, {"hits", info.epoch_hits}, {"loss", info.epoch_loss}}},
               {"normalization", info.normalization},
               {"arrays", arrays}};
  if (info.data)
    json["data"] = {{"train", {info.data->train_labels, info.data->train_images}},
                    {"test", {info.data->test_labels, info.data->test_images}}};
  if (info.device)
    json["device"] = {{"learning_layers", info.device->learning_layers},
                      {"rate", {info.device->rate.mantissa, info.device->rate.exp}}};
  return json;
}

// A sum as version 2 wrote it.
int64_t older_loss(double loss, int64_t most) {
  const double scaled = std::ldexp(loss, -kLossExp);
  if (!(scaled >= 0)) throw std::invalid_argument("impossible loss of 'unfinished_epoch'");
  return scaled < static_cast<double>(most) ? std::llround(scaled) : most;
}

CheckpointInfo info_from_json(const Json& json, uint32_t version) {
  CheckpointInfo info;
  get_text(json.at("model"), info.model);
  const Json& input = json.at("input");
  if (input.size() != 3) throw std::invalid_argument("'input' is not height, width, channels");
  get_integer(input.at(0), info.h);
  get_integer(input.at(1), info.w);
  get_integer(input.at(2), info.c);
  get_integer(json.at("classes"), info.classes);
  if (info.h < 1 || info.w < 1 || info.c < 1 || info.h > 4096 || info.w > 4096 || info.c > 4096 || info.classes < 1 ||
      info.classes > 65536)
    throw std::invalid_argument("impossible input shape or number of classes");
  get_text(json.at("class_names"), info.class_names);
  if (info.class_names.size() > static_cast<size_t>(info.classes))
    throw std::invalid_argument("more names of classes than classes");
  json.at("config").get_to(info.config);
  validate(info.config);
  get_integer(json.at("step"), info.step);
  get_integer(json.at("epoch"), info.epoch);
  get_integer(json.at("best").at("hits"), info.best_hits);
  get_integer(json.at("best").at("of"), info.test_count);
  get_integer(json.at("best").at("epoch"), info.best_epoch);
  // No training has more steps (train/trainer.cc), and each epoch has one.
  if (info.step < 0 || info.step > INT32_MAX || info.epoch < 0 || info.epoch > info.step)
    throw std::invalid_argument("impossible step or epoch");
  if (info.test_count < 0 || info.test_count > INT32_MAX || info.best_hits < 0 || info.best_hits > info.test_count ||
      info.best_epoch < 0 || info.best_epoch > info.epoch)
    throw std::invalid_argument("impossible 'best'");
  if (version >= 2) {
    get_integer(json.at("train_count"), info.train_count);
    const Json& unfinished = json.at("unfinished_epoch");
    get_integer(unfinished.at("count"), info.epoch_count);
    get_integer(unfinished.at("hits"), info.epoch_hits);
    if (info.train_count < 0 || info.epoch_count < 0 || info.epoch_count > kMostLossImages || info.epoch_hits < 0 ||
        info.epoch_hits > info.epoch_count)
      throw std::invalid_argument("impossible 'train_count' or 'unfinished_epoch'");
    const int64_t most_loss = info.epoch_count * kMostLoss;
    if (version >= 3)
      get_integer(unfinished.at("loss"), info.epoch_loss);
    else
      info.epoch_loss = older_loss(unfinished.at("loss").get<double>(), most_loss);
    if (info.epoch_loss < 0 || info.epoch_loss > most_loss) throw std::invalid_argument("impossible loss of 'unfinished_epoch'");
  }
  for (const Json& value : json.at("normalization")) {
    info.normalization.push_back(integer_of<int8_t>(value));
    if (info.normalization.back() < -kS8Max) throw std::invalid_argument("'normalization' holds -128");
  }
  if (json.contains("data")) {
    const Json &train = json["data"].at("train"), &test = json["data"].at("test");
    info.data.emplace();
    get_integer(train.at(0), info.data->train_labels);
    get_integer(train.at(1), info.data->train_images);
    get_integer(test.at(0), info.data->test_labels);
    get_integer(test.at(1), info.data->test_images);
  }
  if (json.contains("device")) {
    const Json &device = json["device"], &rate = device.at("rate");
    info.device.emplace();
    get_integer(device.at("learning_layers"), info.device->learning_layers);
    get_integer(rate.at(0), info.device->rate.mantissa);
    get_integer(rate.at(1), info.device->rate.exp);
  }
  if (info.normalization.size() != static_cast<size_t>(info.c) * 256)
    throw std::invalid_argument("'normalization' has the wrong size");
  return info;
}

// Array positions from the header, checked to lie one after another in [begin, end).
std::vector<CheckpointArray> arrays_from_json(const Json& json, int64_t begin, int64_t end) {
  std::vector<CheckpointArray> arrays;
  int64_t at = begin;
  for (const Json& j : json.at("arrays")) {
    CheckpointArray a;
    j.at("name").get_to(a.name);
    if (a.name.size() > kMostNameBytes) throw std::invalid_argument("a name of " + std::to_string(a.name.size()) + " bytes");
    a.type = type_by_name(j.at("type").get<std::string>());
    get_integer(j.at("count"), a.count);
    a.offset = at;
    if (integer_of<int64_t>(j.at("offset")) != at - begin || a.count < 0 || a.count > (end - at) / element_bytes(a.type))
      throw std::invalid_argument("array '" + a.name + "' does not lie in the file");
    at = align8(at + a.count * element_bytes(a.type));
    arrays.push_back(std::move(a));
  }
  if (at != end) throw std::invalid_argument("bytes after the last array");
  return arrays;
}

}  // namespace

const char* type_name(ElementType t) { return t == ElementType::kS16 ? "s16" : t == ElementType::kS32 ? "s32" : "s64"; }

std::string header_text(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  return header_json(info, state).dump();
}

void parse_header(std::string_view text, uint32_t version, int64_t begin, int64_t end, Checkpoint& checkpoint) {
  const Json json = read_json(text);
  checkpoint.info = info_from_json(json, version);
  checkpoint.arrays = arrays_from_json(json, begin, end);
}

}  // namespace intrain
