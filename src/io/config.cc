#include "io/config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/parallel.h"
#include "io/atomic_file.h"

namespace intrain {

namespace {

constexpr int kMaxEpochs = 100000, kMaxBatch = 65536;
constexpr double kMinRate = 1e-9, kMaxRate = 100;

[[noreturn]] void refuse(const std::string& flag, const std::string& value, const std::string& range) {
  throw Error(value + " is not possible", flag, flag + " takes " + range);
}

void check_integer(const std::string& flag, int value, int min, int max) {
  if (value < min || value > max)
    refuse(flag, std::to_string(value), "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

std::string text(double value) { return std::isfinite(value) ? nlohmann::json(value).dump() : std::to_string(value); }

}  // namespace

void validate_batch(int batch) { check_integer("--batch", batch, 1, kMaxBatch); }

void validate_threads(int threads) { check_integer("--threads", threads, 1, kMaxThreads); }

void validate(const TrainConfig& config) {
  check_integer("--epochs", config.epochs, 1, kMaxEpochs);
  validate_batch(config.batch);
  // Written so that not-a-number fails too.
  if (!(config.lr >= kMinRate && config.lr <= kMaxRate)) refuse("--lr", text(config.lr), "a number from 1e-9 to 100");
  if (!(config.momentum >= 0 && config.momentum < 1)) refuse("--momentum", text(config.momentum), "a number from 0 to below 1");
  if (!(config.weight_decay >= 0 && config.weight_decay <= 1))
    refuse("--weight-decay", text(config.weight_decay), "a number from 0 to 1");
  if (config.schedule != "cosine" && config.schedule != "step")
    refuse("--schedule", "'" + config.schedule + "'", "cosine or step");
  check_integer("--warmup", config.warmup, 0, kMaxEpochs);
  if (config.warmup >= config.epochs)
    refuse("--warmup", std::to_string(config.warmup) + " of " + std::to_string(config.epochs) + " epochs",
           "fewer epochs than --epochs");
  validate_threads(config.threads);
}

void to_json(nlohmann::ordered_json& json, const TrainConfig& c) {
  json = {{"data", c.data},
          {"model", c.model},
          {"epochs", c.epochs},
          {"batch", c.batch},
          {"lr", c.lr},
          {"momentum", c.momentum},
          {"weight_decay", c.weight_decay},
          {"schedule", c.schedule},
          {"warmup", c.warmup},
          {"seed", c.seed},
          {"threads", c.threads},
          {"out", c.out}};
}

void from_json(const nlohmann::ordered_json& json, TrainConfig& c) {
  json.at("data").get_to(c.data);
  json.at("model").get_to(c.model);
  json.at("epochs").get_to(c.epochs);
  json.at("batch").get_to(c.batch);
  json.at("lr").get_to(c.lr);
  json.at("momentum").get_to(c.momentum);
  json.at("weight_decay").get_to(c.weight_decay);
  json.at("schedule").get_to(c.schedule);
  json.at("warmup").get_to(c.warmup);
  json.at("seed").get_to(c.seed);
  json.at("threads").get_to(c.threads);
  json.at("out").get_to(c.out);
}

void write_config(const std::string& path, const TrainConfig& config) {
  // Bytes that are not UTF-8 (a folder's name) are replaced, not thrown over.
  write_file(path, nlohmann::ordered_json(config).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
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

ops::Scalar10 to_fraction10(double value) { return {std::min(1023, static_cast<int>(std::nearbyint(value * 1024))), -10}; }

}  // namespace intrain
