#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/formats.h"
#include "core/error.h"
#include "core/hash.h"
#include "io/atomic_file.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/json_text.h"
#include "io/read_file.h"
#include "settings/config_json.h"

namespace intrain {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

namespace {

using Json = nlohmann::ordered_json;

constexpr char kMagic[8] = {'i', 'n', 't', 'r', 'a', 'i', 'n', '\0'};
constexpr uint32_t kVersion = 2;
constexpr size_t kMostNameBytes = 256;
constexpr int64_t kPrefixBytes = 16, kHashBytes = 8;
constexpr int64_t kMaxHeaderBytes = int64_t{1} << 26, kMaxFileBytes = int64_t{1} << 34;
constexpr const char* kDamaged = "the file is damaged: use another checkpoint, or train again";

constexpr int64_t align8(int64_t n) { return (n + 7) / 8 * 8; }

const char* type_name(ElementType t) { return t == ElementType::kS16 ? "s16" : t == ElementType::kS32 ? "s32" : "s64"; }

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
  return json;
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
  if (info.test_count < 0 || info.best_hits < 0 || info.best_hits > info.test_count || info.best_epoch < 0 ||
      info.best_epoch > info.epoch)
    throw std::invalid_argument("impossible 'best'");
  if (version >= 2) {
    get_integer(json.at("train_count"), info.train_count);
    const Json& unfinished = json.at("unfinished_epoch");
    get_integer(unfinished.at("count"), info.epoch_count);
    get_integer(unfinished.at("hits"), info.epoch_hits);
    unfinished.at("loss").get_to(info.epoch_loss);
    if (info.train_count < 0 || info.epoch_count < 0 || info.epoch_hits < 0 || info.epoch_hits > info.epoch_count)
      throw std::invalid_argument("impossible 'train_count' or 'unfinished_epoch'");
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

// What only a net prepared for training holds (nn/state.h).
bool is_optimizer_state(const std::string& name) {
  for (const std::string suffix : {".momentum", ".momentum_exp"})
    if (name.ends_with(suffix)) return true;
  return false;
}

std::string shape_text(const CheckpointArray& a) {
  return a.name + " (" + std::to_string(a.count) + " x " + type_name(a.type) + ")";
}
std::string shape_text(const StateArray& a) { return a.name + " (" + std::to_string(a.count) + " x " + type_name(a.type) + ")"; }

// The array of the checkpoint for each of `state`.
std::vector<const CheckpointArray*> sources_of(const Checkpoint& checkpoint, const std::string& model,
                                               const std::vector<StateArray>& state) {
  const auto refuse = [&](const std::string& reason) {
    throw Error("the checkpoint of model '" + checkpoint.info.model + "' does not fit model '" + model + "': " + reason,
                checkpoint.path, "use a checkpoint of this model, input shape and number of classes");
  };
  if (checkpoint.info.model != model) refuse("another model");
  std::vector<const CheckpointArray*> sources;
  for (const CheckpointArray& from : checkpoint.arrays) {
    const size_t i = sources.size();
    const bool wanted = i < state.size() && from.name == state[i].name;
    if (!wanted && is_optimizer_state(from.name)) continue;
    if (i == state.size()) refuse("it also holds " + shape_text(from));
    if (!wanted || from.type != state[i].type || from.count != state[i].count)
      refuse("it holds " + shape_text(from) + " where the net has " + shape_text(state[i]));
    sources.push_back(&from);
  }
  if (sources.size() < state.size()) refuse("it lacks " + shape_text(state[sources.size()]));
  return sources;
}

using Transfer = std::pair<const CheckpointArray*, const StateArray*>;

std::vector<Transfer> transfers_of(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                                   const std::string& head, bool same_classes) {
  std::map<std::string_view, const CheckpointArray*> by_name;
  for (const CheckpointArray& a : checkpoint.arrays) by_name.emplace(a.name, &a);
  std::vector<Transfer> transfers;
  for (const StateArray& to : state) {
    if (is_optimizer_state(to.name) || (to.name.starts_with(head) && !same_classes)) continue;
    const auto from = by_name.find(to.name);
    if (from == by_name.end() || from->second->type != to.type || from->second->count != to.count)
      throw Error("the checkpoint of model '" + checkpoint.info.model + "' does not fit model '" + model + "': it lacks " +
                      shape_text(to),
                  Setting{"init_from", checkpoint.path}, "use a checkpoint of this model, for images with as many channels");
    transfers.emplace_back(from->second, &to);
  }
  return transfers;
}

template <class Integer>
void check_numbers(const Checkpoint& checkpoint, const CheckpointArray& a, int64_t least, int64_t most) {
  const auto* numbers = reinterpret_cast<const Integer*>(checkpoint.bytes.data() + a.offset);
  for (int64_t i = 0; i < a.count; ++i)
    if (numbers[i] < least || numbers[i] > most)
      throw Error("stored numbers outside their format: " + a.name + " holds " + std::to_string(numbers[i]) + " at " +
                      std::to_string(i) + ", not from " + std::to_string(least) + " to " + std::to_string(most),
                  checkpoint.path, "no training has written this: use another checkpoint");
}

void check_numbers(const Checkpoint& checkpoint, const CheckpointArray& a, int64_t least, int64_t most) {
  switch (a.type) {
    case ElementType::kS16:
      return check_numbers<int16_t>(checkpoint, a, least, most);
    case ElementType::kS32:
      return check_numbers<int32_t>(checkpoint, a, least, most);
    case ElementType::kS64:
      return check_numbers<int64_t>(checkpoint, a, least, most);
  }
}

}  // namespace

namespace {

// The whole file, in parts, to put(data, bytes).
template <class Put>
void serialize(const CheckpointInfo& info, const std::vector<StateArray>& state, const std::string& name, const Put& put_bytes) {
  const std::string header = header_json(info, state).dump();
  if (static_cast<int64_t>(header.size()) > kMaxHeaderBytes)
    throw Error("a checkpoint of " + std::to_string(state.size()) + " arrays could not be read again", name,
                "take a net of fewer layers");
  Hash64 hash;
  int64_t written = 0;
  const auto put = [&](const void* data, int64_t bytes) {
    put_bytes(data, static_cast<size_t>(bytes));
    hash.add(data, static_cast<size_t>(bytes));
    written += bytes;
  };
  const auto pad = [&] {
    constexpr char kZeros[8] = {};
    put(kZeros, align8(written) - written);
  };
  const uint32_t words[2] = {kVersion, static_cast<uint32_t>(header.size())};
  put(kMagic, sizeof kMagic);
  put(words, sizeof words);
  put(header.data(), static_cast<int64_t>(header.size()));
  pad();
  for (const StateArray& a : state) {
    if (a.data == nullptr && a.count > 0)
      throw Error("a net without memory has no " + a.name + " to store", name, "call prepare() first");
    put(a.data, a.count * element_bytes(a.type));
    pad();
  }
  const uint64_t digest = hash.digest();
  put_bytes(&digest, sizeof digest);
}

// What read_checkpoint says. read_until(at) brings checkpoint.bytes to that length, `size` that of the whole.
template <class ReadUntil>
void parse(Checkpoint& checkpoint, int64_t size, const ReadUntil& read_until,
           const std::function<void(const Checkpoint&)>& check) {
  constexpr const char* kNotOne = "a run folder holds final.ckpt and best.ckpt";
  const std::string& path = checkpoint.path;
  const std::vector<uint8_t>& bytes = checkpoint.bytes;
  const int64_t end = size - kHashBytes;
  if (end < kPrefixBytes || size > kMaxFileBytes) throw Error("not an intrain checkpoint", path, kNotOne);
  read_until(kPrefixBytes);
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0)
    throw Error("not an intrain checkpoint: wrong magic number", path, kNotOne);
  uint32_t words[2];
  std::memcpy(words, bytes.data() + sizeof kMagic, sizeof words);
  const uint32_t version = words[0];
  if (version < 1 || version > kVersion)
    throw Error("checkpoint of version " + std::to_string(version) + ", this program reads up to " + std::to_string(kVersion),
                path, "use the intrain that wrote it");
  const int64_t header_bytes = words[1];
  if (header_bytes > kMaxHeaderBytes || align8(kPrefixBytes + header_bytes) > end)
    throw Error("impossible header size", path, kDamaged);
  read_until(kPrefixBytes + header_bytes);
  try {
    const Json json = read_json({reinterpret_cast<const char*>(bytes.data()) + kPrefixBytes, words[1]});
    checkpoint.info = info_from_json(json, version);
    checkpoint.arrays = arrays_from_json(json, align8(kPrefixBytes + header_bytes), end);
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("broken header: ") + e.what(), path, kDamaged);
  } catch (const std::invalid_argument& e) {
    throw Error(std::string("broken header: ") + e.what(), path, kDamaged);
  } catch (const Error& e) {  // of a setting
    throw Error("broken header: " + e.setting + ": " + e.what(), path, kDamaged);
  }
  if (check) check(checkpoint);
  read_until(end + kHashBytes);
  uint64_t digest;
  std::memcpy(&digest, bytes.data() + end, sizeof digest);
  if (hash64(bytes.data(), static_cast<size_t>(end)) != digest)
    throw Error("the checkpoint's fingerprint does not match its content", path, kDamaged);
}

}  // namespace

void write_checkpoint(const std::string& path, const CheckpointInfo& info, const std::vector<StateArray>& state) {
  AtomicFile file(path);
  serialize(info, state, path, [&](const void* data, size_t bytes) { file.write(data, bytes); });
  file.commit();
}

std::vector<uint8_t> checkpoint_bytes(const CheckpointInfo& info, const std::vector<StateArray>& state) {
  std::vector<uint8_t> all;
  serialize(info, state, "", [&](const void* data, size_t bytes) {
    const auto* from = static_cast<const uint8_t*>(data);
    all.insert(all.end(), from, from + bytes);
  });
  return all;
}

Checkpoint read_checkpoint(const std::string& path, const std::function<void(const Checkpoint&)>& check) {
  InputFile file(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  const auto read_until = [&](int64_t at) {
    const auto have = static_cast<int64_t>(checkpoint.bytes.size());
    checkpoint.bytes.resize(static_cast<size_t>(at));
    file.read(checkpoint.bytes.data() + have, at - have);
  };
  parse(checkpoint, file.size(), read_until, check);
  return checkpoint;
}

Checkpoint parse_checkpoint(std::vector<uint8_t> bytes, const std::string& name) {
  Checkpoint checkpoint;
  checkpoint.path = name;
  checkpoint.bytes = std::move(bytes);
  parse(checkpoint, static_cast<int64_t>(checkpoint.bytes.size()), [](int64_t) {}, {});
  return checkpoint;
}

void check_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state) {
  sources_of(checkpoint, model, state);
}

void restore_state(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state) {
  const std::vector<const CheckpointArray*> sources = sources_of(checkpoint, model, state);
  for (size_t i = 0; i < state.size(); ++i) check_numbers(checkpoint, *sources[i], state[i].least, state[i].most);
  for (size_t i = 0; i < state.size(); ++i)
    std::memcpy(state[i].data, checkpoint.bytes.data() + sources[i]->offset,
                static_cast<size_t>(state[i].count * element_bytes(state[i].type)));
}

void check_transfer(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                    const std::string& head, bool same_classes) {
  transfers_of(checkpoint, model, state, head, same_classes);
}

void restore_for_transfer(const Checkpoint& checkpoint, const std::string& model, const std::vector<StateArray>& state,
                          const std::string& head, bool same_classes) {
  const std::vector<Transfer> transfers = transfers_of(checkpoint, model, state, head, same_classes);
  for (const auto& [from, to] : transfers) {
    // A parameter of other widths may lie beyond the net's own; it becomes the nearest there is.
    const bool parameter = to->type == ElementType::kS32;
    check_numbers(checkpoint, *from, parameter ? -INT32_MAX : to->least, parameter ? INT32_MAX : to->most);
  }
  for (const auto& [from, to] : transfers) {
    std::memcpy(to->data, checkpoint.bytes.data() + from->offset, static_cast<size_t>(to->count * element_bytes(to->type)));
    if (to->type != ElementType::kS32) continue;
    for (int32_t& w : std::span(static_cast<int32_t*>(to->data), static_cast<size_t>(to->count)))
      w = static_cast<int32_t>(clamp(w, to->least, to->most));
  }
}

}  // namespace intrain
