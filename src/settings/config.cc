#include "settings/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/parallel.h"
#include "core/shell.h"
#include "io/atomic_file.h"
#include "io/json_integer.h"
#include "io/json_read.h"
#include "io/json_text.h"
#include "io/read_file.h"
#include "settings/config_json.h"
#include "settings/crop.h"
#include "settings/recipe.h"

namespace intrain {

namespace {

constexpr int kMaxEpochs = 100000, kMaxBatch = 65536, kMaxAccumulate = 65536, kMaxSaveEvery = 1000000000, kMaxKeep = 1000000;
constexpr size_t kMaxPatterns = 1000;
constexpr double kMinRate = 1e-9, kMaxRate = 100;

[[noreturn]] void refuse(const std::string& flag, const std::string& value, const std::string& range) {
  throw Error(value + " is not possible", flag, flag + " takes " + range);
}

void check_integer(const std::string& flag, int value, int min, int max) {
  if (value < min || value > max)
    refuse(flag, std::to_string(value), "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

std::string text(double value) { return std::isfinite(value) ? nlohmann::json(value).dump() : std::to_string(value); }

// The keys of --set.
struct WidthKey {
  const char* name;
  int Widths::*value;
  int min, max;
  const char* meaning;
};
constexpr WidthKey kWidthKeys[] = {
    {"w", &Widths::w, 2, 8, "W as it enters the products, which take 8"},
    {"a", &Widths::a, 2, 8, "A, outputs of ReLUs and linear bottlenecks, stored in 8"},
    {"g", &Widths::g, 2, 16, "G, gradients of W, which the accumulator takes"},
    {"e1", &Widths::e1, 2, 16, "E1, errors at activations and residual sums, stored in 16"},
    {"e2", &Widths::e2, 3, 16, "E2, errors that enter the products, above 8 in two products"},
    {"x_hat", &Widths::x_hat, 2, 16, "normalized values on the way forward (back: at most 8), 2 to 8, or 16"},
    {"gamma", &Widths::gamma, 2, 8, "scale after normalization, stored in 8"},
    {"beta", &Widths::beta, 2, 8, "shift after normalization, stored in 8"},
    {"mu", &Widths::mu, 2, 32, "significant bits of a channel's mean"},
    {"sigma", &Widths::sigma, 2, 32, "significant bits of a channel's standard deviation"},
    {"momentum", &Widths::momentum, 2, 16, "accumulator of the optimizer, stored in 16"},
    {"rate", &Widths::rate, 1, 10, "significant bits of the learning rate"},
    {"w_stored", &Widths::w_stored, 12, 32, "stored parameters, 8 of them before the binary point"},
};
// Keys with two values, the default one first.
struct ChoiceKey {
  const char* name;
  bool Widths::*second;
  const char* values[2];
  const char* meaning;
  const char* value(const Widths& widths) const { return values[widths.*second ? 1 : 0]; }
};
constexpr const char* kFlag8 = "flag8";  // of e2
constexpr ChoiceKey kChoiceKeys[] = {
    {"round_e", &Widths::nearest_e, {"stochastic", "nearest"}, "rounding of E2"},
    {"round_e1", &Widths::stochastic_e1, {"nearest", "stochastic"}, "rounding of E1, where it has fewer than 16 bits"},
    {"round_g", &Widths::nearest_g, {"stochastic", "nearest"}, "rounding of G"},
    {"w_scale", &Widths::fixed_w, {"layer", "fixed"}, "scale of W: of each layer, or the fixed grid 2^-7"},
    {"g_scale",
     &Widths::constant_g,
     {"shift", "constant"},
     "G by shift quantization, or WAGEUBN's constant one and its optimizer"},
    {"init",
     &Widths::fan_in_init,
     {"fan_out", "fan_in"},
     "first W of convolutions: variance 2 / fan out, or 1 / fan in, truncated"}};

// Throws Error, or std::invalid_argument for what is not JSON.
nlohmann::ordered_json json_of(const std::string& path) {
  constexpr int64_t kMaxBytes = 1 << 20;
  const std::vector<uint8_t> bytes = read_file(path, 0, kMaxBytes, "it has more than 1 MiB", "give a JSON file");
  return read_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

void set_width(Widths& widths, const std::string& setting) {
  const size_t sign = setting.find('=');
  const std::string key = setting.substr(0, sign), value = sign == std::string::npos ? "" : setting.substr(sign + 1);
  if (key == "e2") {
    widths.flag_e2 = value == kFlag8;
    if (widths.flag_e2) {
      widths.e2 = 8;
      return;
    }
  }
  for (const WidthKey& k : kWidthKeys)
    if (key == k.name) {
      int bits = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
      // Of x_hat nothing lies between the 8 bits that are kept and all 16.
      const bool between = k.value == &Widths::x_hat && bits > 8 && bits < 16;
      if (error != std::errc() || end != value.data() + value.size() || value[0] == '0' || bits < k.min || bits > k.max ||
          between)
        refuse("--set " + key, "'" + value + "'",
               "a whole number of bits from " + std::to_string(k.min) + " to " + std::to_string(k.max) +
                   (key == "e2" ? std::string(", or ") + kFlag8 : "") + (between ? ", but for 9 to 15" : "") + ": " + k.meaning);
      widths.*k.value = bits;
      return;
    }
  for (const ChoiceKey& k : kChoiceKeys)
    if (key == k.name) {
      if (value != k.values[0] && value != k.values[1])
        refuse("--set " + key, "'" + value + "'", std::string(k.values[0]) + " or " + k.values[1]);
      widths.*k.second = value == k.values[1];
      return;
    }
  throw Error("'" + setting + "' is no setting", "--set", "it takes KEY=VALUE; 'intrain train --help' lists the keys");
}

std::string widths_help() {
  std::string text = "a number format other than the default one, as KEY=BITS:";
  const Widths widths;
  for (const WidthKey& k : kWidthKeys)
    text += std::string("\n") + k.name + "  " + k.meaning + ", " + std::to_string(k.min) + " to " + std::to_string(k.max) + " [" +
            std::to_string(widths.*k.value) + "]";
  text += "\ne2=flag8  E2 in the paper's 8 bits with a flag that tells the range, in two products";
  for (const ChoiceKey& k : kChoiceKeys)
    text +=
        std::string("\n") + k.name + "  " + k.meaning + "; " + k.values[0] + " or " + k.values[1] + " [" + k.value(widths) + "]";
  return text;
}

void validate_batch(int batch) { check_integer("--batch", batch, 1, kMaxBatch); }

void validate_threads(int threads) { check_integer("--threads", threads, 1, kMaxThreads); }

void validate_saving(int save_every, int keep) {
  check_integer("--save-every", save_every, 0, kMaxSaveEvery);
  check_integer("--keep", keep, 1, kMaxKeep);
}

void validate(const TrainConfig& config) {
  check_integer("--epochs", config.epochs, 1, kMaxEpochs);
  validate_batch(config.batch);
  check_integer("--accumulate", config.accumulate, 1, kMaxAccumulate);
  // Written so that not-a-number fails too.
  if (!(config.lr >= kMinRate && config.lr <= kMaxRate)) refuse("--lr", text(config.lr), "a number from 1e-9 to 100");
  if (!(config.momentum >= 0 && config.momentum < 1)) refuse("--momentum", text(config.momentum), "a number from 0 to below 1");
  if (!(config.weight_decay >= 0 && config.weight_decay <= 1))
    refuse("--weight-decay", text(config.weight_decay), "a number from 0 to 1");
  if (config.schedule != "cosine" && config.schedule != "step" && config.schedule != "wageubn")
    refuse("--schedule", "'" + config.schedule + "'", "cosine, step or wageubn");
  if (config.augment != "standard" && config.augment != "none")
    refuse("--augment", "'" + config.augment + "'", "standard or none");
  crop_of(config);
  if (!config.border.empty() && config.border != "mean" && config.border != "black")
    refuse("--border", "'" + config.border + "'", "mean or black");
  check_integer("--warmup", config.warmup, 0, kMaxEpochs);
  if (!(config.label_smoothing >= 0 && config.label_smoothing < 1))
    refuse("--label-smoothing", text(config.label_smoothing), "a number from 0 to below 1");
  if (config.val_share != 0 && !(config.val_share >= 1e-6 && config.val_share <= 0.999999))
    refuse("--val-share", text(config.val_share), "0, or a number from 0.000001 to 0.999999");
  check_integer("--patience", config.patience, 0, kMaxEpochs);
  if (config.freeze_statistics && config.init_from.empty())
    throw Error("a new net has no running statistics yet", "--freeze-statistics",
                "give the checkpoint that has them with --init-from");
  if (config.warmup >= config.epochs)
    refuse("--warmup", std::to_string(config.warmup) + " of " + std::to_string(config.epochs) + " epochs",
           "fewer epochs than --epochs");
  validate_threads(config.threads);
  validate_saving(config.save_every, config.keep);
  const Widths& widths = config.widths;
  if (widths.fixed_w && widths.w_stored - 8 < widths.w - 1)
    throw Error(
        std::to_string(widths.w) + " bits of W on a fixed grid are finer than a stored W of " + std::to_string(widths.w_stored),
        "--set w_stored", "choose w_stored=" + std::to_string(widths.w + 7) + " or more, fewer bits of W, or w_scale=layer");
  if (widths.constant_g) check_fixed_grids(config);
  if (config.freeze.size() > kMaxPatterns) refuse("--freeze", std::to_string(config.freeze.size()), "at most 1000 patterns");
  if (config.mean.size() != config.deviation.size() || config.mean.size() > 3)
    throw Error(std::to_string(config.mean.size()) + " means and " + std::to_string(config.deviation.size()) + " deviations",
                "--mean, --deviation", "give both, with as many numbers as the images have channels");
  for (const double mean : config.mean)
    if (!(mean >= 0 && mean <= 1)) refuse("--mean", text(mean), "numbers from 0 to 1, the largest pixel value");
  for (const double deviation : config.deviation)
    if (!(deviation >= 1e-3 && deviation <= 1))
      refuse("--deviation", text(deviation), "numbers from 0.001 to 1, the largest pixel value");
}

void to_json(nlohmann::ordered_json& json, const TrainConfig& c) {
  json = {{"data", to_unicode(c.data)},
          {"model", to_unicode(c.model)},
          {"net", to_unicode(c.net)},
          {"epochs", c.epochs},
          {"batch", c.batch},
          {"accumulate", c.accumulate},
          {"recipe", to_unicode(c.recipe)},
          {"lr", c.lr},
          {"momentum", c.momentum},
          {"weight_decay", c.weight_decay},
          {"schedule", to_unicode(c.schedule)},
          {"warmup", c.warmup},
          {"augment", to_unicode(c.augment)},
          {"crop", to_unicode(c.crop)},
          {"border", to_unicode(c.border)},
          {"label_smoothing", c.label_smoothing},
          {"patience", c.patience},
          {"freeze", to_unicode(c.freeze)},
          {"freeze_statistics", c.freeze_statistics},
          {"init_from", to_unicode(c.init_from)},
          {"mean", c.mean},
          {"deviation", c.deviation},
          {"val_share", c.val_share},
          {"balance", c.balance},
          {"transpose", c.transpose},
          {"seed", c.seed},
          {"threads", c.threads},
          {"save_every", c.save_every},
          {"keep", c.keep},
          {"tensorboard", c.tensorboard},
          {"out", to_unicode(c.out)}};
  for (const WidthKey& k : kWidthKeys) json["formats"][k.name] = c.widths.*k.value;
  if (c.widths.flag_e2) json["formats"]["e2"] = kFlag8;
  for (const ChoiceKey& k : kChoiceKeys) json["formats"][k.name] = k.value(c.widths);
}

void from_json(const nlohmann::ordered_json& json, TrainConfig& c) {
  get_text(json.at("data"), c.data);
  get_text(json.at("model"), c.model);
  if (json.contains("net")) get_text(json.at("net"), c.net);  // not in older files
  get_integer(json.at("epochs"), c.epochs);
  get_integer(json.at("batch"), c.batch);
  if (json.contains("accumulate")) get_integer(json.at("accumulate"), c.accumulate);  // not in older files
  if (json.contains("recipe")) get_text(json.at("recipe"), c.recipe);                 // not in older files
  json.at("lr").get_to(c.lr);
  json.at("momentum").get_to(c.momentum);
  json.at("weight_decay").get_to(c.weight_decay);
  get_text(json.at("schedule"), c.schedule);
  get_integer(json.at("warmup"), c.warmup);
  if (json.contains("augment")) get_text(json.at("augment"), c.augment);  // not in older files
  if (json.contains("crop"))
    get_text(json.at("crop"), c.crop);
  else
    c.crop = crop_before_it_was_a_setting(c.augment);
  if (json.contains("border")) get_text(json.at("border"), c.border);  // not in older files
  if (json.contains("patience")) {                                     // not in older files
    json.at("label_smoothing").get_to(c.label_smoothing);
    get_integer(json.at("patience"), c.patience);
    get_text(json.at("freeze"), c.freeze);
    get_text(json.at("init_from"), c.init_from);
  }
  if (json.contains("freeze_statistics")) json.at("freeze_statistics").get_to(c.freeze_statistics);  // not in older files
  if (json.contains("mean")) {                                                                       // not in older files
    json.at("mean").get_to(c.mean);
    json.at("deviation").get_to(c.deviation);
  }
  if (json.contains("val_share")) {  // not in older files
    json.at("val_share").get_to(c.val_share);
    json.at("balance").get_to(c.balance);
    json.at("transpose").get_to(c.transpose);
  }
  get_integer(json.at("seed"), c.seed);
  get_integer(json.at("threads"), c.threads);
  if (json.contains("save_every")) {  // not in older files
    get_integer(json.at("save_every"), c.save_every);
    get_integer(json.at("keep"), c.keep);
  }
  if (json.contains("tensorboard")) json.at("tensorboard").get_to(c.tensorboard);  // not in older files
  get_text(json.at("out"), c.out);
  if (!json.contains("formats")) {  // written before formats were settings, and with 8 bits of x_hat
    c.widths.x_hat = 8;
    return;
  }
  const auto& formats = json.at("formats");
  for (const WidthKey& k : kWidthKeys) {
    const auto& value = formats.at(k.name);
    const std::string text =
        k.value == &Widths::e2 && value.is_string() ? value.get<std::string>() : std::to_string(integer_of<int>(value));
    set_width(c.widths, std::string(k.name).append("=").append(text));
  }
  for (const ChoiceKey& k : kChoiceKeys)
    if (formats.contains(k.name))  // older files have fewer
      set_width(c.widths, std::string(k.name).append("=").append(formats.at(k.name).get<std::string>()));
}

TrainConfig read_whole_config(const std::string& path) {
  try {
    return json_of(path).get<TrainConfig>();
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("it is no config.json of a run: ") + e.what(), path, "put it back, or take it away");
  } catch (const std::invalid_argument& e) {
    throw Error(std::string("it is no JSON object: ") + e.what(), path, "put it back, or take it away");
  }
}

void read_config(const std::string& path, TrainConfig& config, const std::string& recipe) {
  using Json = nlohmann::ordered_json;
  const auto fail = [&](const std::string& what) -> void {
    throw Error(what, "--config " + path, "give an object like config.json of a run folder, or a part of it");
  };
  Json file;
  try {
    file = json_of(path);
  } catch (const Error& e) {
    throw Error(e.what(), "--config " + path, e.hint);
  } catch (const std::invalid_argument& e) {
    fail(std::string("it is no JSON object: ") + e.what());
  }
  if (!file.is_object()) fail("it is no JSON object");
  // All settings of a run, from before this was one.
  if (file.contains("out") && file.contains("augment") && !file.contains("crop") && file["augment"].is_string())
    file["crop"] = crop_before_it_was_a_setting(file["augment"].get<std::string>());
  file.erase("out");
  const auto naming_the_file = [&](const auto& read) {
    try {
      read();
    } catch (const Error& e) {
      throw Error(e.what(), "--config " + path + ", " + e.where, e.hint);
    }
  };
  TrainConfig base = config;
  // What the file holds is beside a recipe: its own, or the one given.
  if (file.contains("recipe") && file["recipe"].is_string())
    naming_the_file([&] { apply_recipe(base, file["recipe"].get<std::string>()); });
  else if (!recipe.empty())
    apply_recipe(base, recipe);
  TrainConfig merged = base;
  Json all = base;
  const auto merge = [&](const auto& self, Json& to, const Json& from, const std::string& prefix) -> void {
    for (const auto& [name, value] : from.items()) {
      if (!to.contains(name)) fail("'" + prefix + name.substr(0, 80) + "' is no setting");
      if (to[name].is_object() && value.is_object()) {
        self(self, to[name], value, prefix + name + ".");
        continue;
      }
      to[name] = value;
      try {
        naming_the_file([&] { merged = all.get<TrainConfig>(); });
      } catch (const nlohmann::json::exception&) {
        fail("'" + prefix + name + "' has the wrong type, or is too large");
      }
    }
  };
  merge(merge, all, file, "");
  if (!recipe.empty() && recipe != merged.recipe) apply_recipe(merged, recipe);
  config = merged;
}

void write_config(const std::string& path, const TrainConfig& config) {
  write_file(path, nlohmann::ordered_json(config).dump(2) + "\n");
}

std::vector<Setting> settings_of(const TrainConfig& config) {
  using Json = nlohmann::ordered_json;
  std::vector<Setting> list;
  const auto text = [](const Json& value) { return value.is_string() ? from_unicode(value.get<std::string>()) : value.dump(); };
  const auto add = [&](const std::string& name, const Json& value) {
    Setting setting{name, ""};
    if (value.is_array())
      for (const Json& item : value) setting.value.append(setting.value.empty() ? "" : ",").append(text(item));
    else
      setting.value = text(value);
    list.push_back(setting);
  };
  const Json json = config;
  for (const auto& [name, value] : json.items()) {
    if (value.is_object())
      for (const auto& [key, member] : value.items()) add(name + "." + key, member);
    else
      add(name, value);
  }
  return list;
}

std::string train_command_of(const TrainConfig& config, const std::string& path) {
  if (!config.net.empty()) return std::string("intrain train ").append(shell_flag("--config", path));
  TrainConfig base;
  apply_recipe(base, config.recipe);
  base.recipe = TrainConfig().recipe;
  const std::vector<Setting> settings = settings_of(config), defaults = settings_of(base);
  std::string command = "intrain train";
  const nlohmann::ordered_json json = config;
  for (size_t i = 0; i < settings.size(); ++i) {
    const auto& [name, value] = settings[i];
    const bool shown = name == "data" || name == "model" || name == "epochs" || name == "batch" || value != defaults[i].value;
    if (!shown || name == "net" || name == "threads" || name == "out") continue;
    const size_t dot = name.find('.');
    std::string flag = name;
    std::replace(flag.begin(), flag.end(), '_', '-');
    if (dot != std::string::npos)
      command += " --set " + name.substr(dot + 1) + "=" + value;
    else if (json.at(name).is_boolean())
      command += " --" + flag;
    else if (name == "freeze")
      for (const std::string& pattern : config.freeze) command.append(" ").append(shell_flag("--freeze", pattern));
    else
      command.append(" ").append(shell_flag("--" + flag, value));
  }
  return command;
}

ops::Scalar10 to_scalar10(double value) {
  if (value == 0) return {};
  int exp = 0;
  const double fraction = std::frexp(value, &exp);  // [0.5, 1)
  int mantissa = static_cast<int>(std::nearbyint(fraction * 1024));
  if (mantissa == 1024) {
    mantissa = 512;
    ++exp;
  }
  return {mantissa, exp - 10};
}

ops::Scalar10 to_fraction10(double value, int bits) {
  return {std::min((1 << bits) - 1, static_cast<int>(std::nearbyint(std::ldexp(value, bits)))), -bits};
}

}  // namespace intrain
