#include "settings/config_file.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/json_text.h"
#include "io/read_file.h"
#include "settings/config_json.h"
#include "settings/crop.h"
#include "settings/recipe.h"
#include "settings/setting_list.h"
#include "settings/width_keys.h"

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

// The types of settings in JSON: texts may hold any bytes, and nlohmann would cast whatever number there is.
Json json_of(const std::string& value) { return to_unicode(value); }
Json json_of(const std::vector<std::string>& values) { return to_unicode(values); }
template <class Value>
Json json_of(const Value& value) {
  return value;
}
void get(const Json& json, std::string& value) { get_text(json, value); }
void get(const Json& json, std::vector<std::string>& values) { get_text(json, values); }
void get(const Json& json, int& value) { get_integer(json, value); }
void get(const Json& json, uint64_t& value) { get_integer(json, value); }
template <class Value>
void get(const Json& json, Value& value) {
  json.get_to(value);
}

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(what, Setting{"config", path}, "give an object like config.json of a run folder, or a part of it");
}

// What `read` throws, with the name of the file.
template <class Read>
void naming_the_file(const std::string& path, const Read& read) {
  try {
    read();
  } catch (const Error& e) {
    if (e.setting == "config") throw;
    throw Error(e.what(), Setting{"config", path + (e.setting.empty() ? "" : ", " + e.setting)}, e.hint);
  }
}

// Throws Error, or std::invalid_argument for what is not JSON.
Json read_object(const std::string& path) {
  constexpr int64_t kMaxBytes = 1 << 20;
  const std::vector<uint8_t> bytes = read_file(path, 0, kMaxBytes, "it has more than 1 MiB", "give a JSON file");
  return read_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Widths widths_from(const Json& formats) {
  Widths widths;
  for (const WidthValue& width : width_values(widths)) {
    if (width.word != nullptr && !formats.contains(width.key)) continue;  // older files have fewer
    const Json& value = formats.at(width.key);
    const std::string text =
        value.is_string() && takes_words(width.key) ? value.get<std::string>() : std::to_string(integer_of<int>(value));
    set_width(widths, std::string(width.key).append("=").append(text));
  }
  return widths;
}

}  // namespace

void to_json(Json& json, const TrainConfig& config) {
  json = Json::object();
  for_each_setting(config, [&](const SettingInfo& info, const auto& value) { json[info.key] = json_of(value); });
  for (const WidthValue& width : width_values(config.widths)) {
    Json& value = json["formats"][width.key];
    if (width.word != nullptr)
      value = width.word;
    else
      value = width.bits;
  }
}

void from_json(const Json& json, TrainConfig& config) {
  config = {};
  for_each_setting(config, [&](const SettingInfo& info, auto& value) {
    if (json.contains(info.key) || (info.traits & kLater) == 0) get(json.at(info.key), value);
  });
  if (!json.contains("crop")) config.crop = crop_before_it_was_a_setting(config.augment);
  if (json.contains("formats"))
    config.widths = widths_from(json.at("formats"));
  else
    config.widths.x_hat = 8;  // written before formats were settings
}

TrainConfig read_whole_config(const std::string& path) {
  try {
    return read_object(path).get<TrainConfig>();
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("it is no config.json of a run: ") + e.what(), path, "put it back, or take it away");
  } catch (const std::invalid_argument& e) {
    throw Error(std::string("it is no JSON object: ") + e.what(), path, "put it back, or take it away");
  }
}

namespace {

// Reads what a file given as `config` says into settings, by the names of its members.
class Merge {
 public:
  Merge(const std::string& path, const TrainConfig& base) : path_(path), all_(base), merged_(base) {}

  void members(const Json& from) { members(all_, from, ""); }
  const TrainConfig& result() const { return merged_; }

 private:
  void members(Json& to, const Json& from, const std::string& prefix) {
    for (const auto& [name, value] : from.items()) {
      if (!to.contains(name)) fail(path_, "'" + prefix + name.substr(0, 80) + "' is no setting");
      if (to[name].is_object() && value.is_object()) {
        members(to[name], value, prefix + name + ".");
        continue;
      }
      to[name] = value;
      try {
        naming_the_file(path_, [&] { merged_ = all_.get<TrainConfig>(); });
      } catch (const nlohmann::json::exception&) {
        fail(path_, "'" + prefix + name + "' has the wrong type, or is too large");
      }
    }
  }

  const std::string& path_;
  Json all_;
  TrainConfig merged_;
};

}  // namespace

void read_config(const std::string& path, TrainConfig& config, const std::string& recipe) {
  Json file;
  naming_the_file(path, [&] {
    try {
      file = read_object(path);
    } catch (const std::invalid_argument& e) {
      fail(path, std::string("it is no JSON object: ") + e.what());
    }
  });
  if (!file.is_object()) fail(path, "it is no JSON object");
  // All settings of a run, from before this was one.
  if (file.contains("out") && file.contains("augment") && !file.contains("crop") && file["augment"].is_string())
    file["crop"] = crop_before_it_was_a_setting(file["augment"].get<std::string>());
  file.erase("out");
  TrainConfig base = config;
  // What the file holds is beside a recipe: its own, or the one given.
  if (file.contains("recipe") && file["recipe"].is_string())
    naming_the_file(path, [&] { apply_recipe(base, file["recipe"].get<std::string>()); });
  else if (!recipe.empty())
    apply_recipe(base, recipe);
  Merge merge(path, base);
  merge.members(file);
  TrainConfig merged = merge.result();
  if (!recipe.empty() && recipe != merged.recipe) apply_recipe(merged, recipe);
  config = merged;
}

void write_config(const std::string& path, const TrainConfig& config) { write_file(path, Json(config).dump(2) + "\n"); }

}  // namespace intrain
