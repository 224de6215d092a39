#include "bench/times_json.h"

#include <nlohmann/json.hpp>

namespace intrain {

namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& json) { return json.dump(2) + "\n"; }

Json machine(const BenchHead& head) {
  return {{"command", head.command},
          {"threads", head.threads},
          {"isa", head.isa},
          {"peak_instruction", head.multiply},
          {"peak_ops_per_second", head.peak_operations}};
}

// The keys that every result of a net has.
Json summary(const BenchHead& head, double images_per_second, double operations, double seconds) {
  Json json = machine(head);
  json["model"] = head.model;
  json["image"] = {head.input.h, head.input.w, head.input.c};
  json["classes"] = head.input.classes;
  json["batch"] = head.input.batch;
  json["images_per_second"] = images_per_second;
  json["ops_per_second"] = operations / seconds;
  json["peak_share"] = operations / seconds / head.peak_operations;
  json["peak_bytes"] = peak_memory_bytes();
  return json;
}

Json pass(double seconds, double operations, double peak) {
  Json json = {{"seconds", seconds}};
  if (operations > 0 && seconds > 0) {
    json["operations"] = operations;
    json["ops_per_second"] = operations / seconds;
    json["peak_share"] = operations / seconds / peak;
  }
  return json;
}

// Of the products that `op` does in a layer.
double operations_of(const LayerTimes& layer, ProfileOp op) {
  switch (op) {
    case ProfileOp::kConvForward:
      return layer.operations.forward;
    case ProfileOp::kConvBackwardData:
      return layer.operations.backward_data;
    case ProfileOp::kConvBackwardWeights:
      return layer.operations.backward_weights;
    case ProfileOp::kLinear:
      return layer.operations.all();
    default:
      return 0;
  }
}

}  // namespace

double total_seconds(const std::vector<ProductTimes>& list) {
  double sum = 0;
  for (const ProductTimes& t : list)
    for (double seconds : t.seconds) sum += t.count * seconds;
  return sum;
}

double total_operations(const std::vector<ProductTimes>& list) {
  double sum = 0;
  for (const ProductTimes& t : list)
    for (double operations : t.operations) sum += t.count * operations;
  return sum;
}

std::string peak_json(const BenchHead& head, const MemoryPeak& memory) {
  Json json = machine(head);
  json["ops_per_second"] = head.peak_operations;
  json["read_bytes_per_second"] = memory.read;
  json["copy_bytes_per_second"] = memory.copy;
  json["buffer_bytes"] = memory.buffer_bytes;
  return text(json);
}

std::string products_json(const BenchHead& head, const std::vector<ProductTimes>& list) {
  const double seconds = total_seconds(list);
  Json json = summary(head, head.input.batch / seconds, total_operations(list), seconds);
  Json& layers = json["layers"] = Json::array();
  for (const ProductTimes& t : list) {
    Json layer = {{"name", t.name}, {"shape", shape_text(t.product.shape)}, {"count", t.count}};
    for (int p = 0; p < kProductPasses; ++p)
      if (t.operations[p] > 0) layer[kProductPassNames[p]] = pass(t.seconds[p], t.operations[p], head.peak_operations);
    layers.push_back(layer);
  }
  return text(json);
}

std::string comm_json(const BenchHead& head, const Network& network, const CommResult& result) {
  Json json = {{"command", head.command},   {"threads", head.threads},         {"isa", head.isa},      {"model", head.model},
               {"batch", head.input.batch}, {"parameters", result.parameters}, {"steps", result.steps}};
  json["image"] = {head.input.h, head.input.w, head.input.c};
  json["network"] = {
      {"nodes", network.ranks}, {"latency_seconds", network.latency_seconds}, {"bytes_per_second", network.bytes_per_second}};
  Json& collectives = json["collectives"] = Json::array();
  for (int kind = 0; kind < kCommKinds; ++kind) {
    const CommResult::Traffic& traffic = result.traffic[static_cast<size_t>(kind)];
    collectives.push_back(
        {{"kind", comm_kind_name(static_cast<CommKind>(kind))}, {"calls", traffic.calls}, {"bytes", traffic.bytes}});
  }
  json["compute_seconds"] = result.trace.compute_seconds;
  json["model_step_seconds"] = result.model.step_seconds;
  const bool measured = result.measured.step_seconds > 0;
  if (measured) json["measured_step_seconds"] = result.measured.step_seconds;
  Json& layers = json["waits"] = Json::array();
  for (const auto& [layer, seconds] : result.model.waits) {
    layers.push_back({{"layer", layer}, {"model_seconds", seconds}});
    if (measured) layers.back()["measured_seconds"] = result.measured.wait_of(layer);
  }
  return text(json);
}

std::string net_json(const BenchHead& head, const NetTimes& times) {
  Json json = summary(head, times.images_per_second, times.operations, times.step_seconds);
  if (times.training) json["recompute"] = head.recompute;
  json["planned_bytes"] = times.planned_bytes;
  json["parameter_bytes"] = times.parameter_bytes;
  json["steps"] = times.steps;
  json["step_seconds"] = times.step_seconds;
  json["mean_step_seconds"] = times.mean_step_seconds;
  json["operations"] = times.operations;
  Json& operators = json["operators"] = Json::array();
  for (size_t op = 0; op < kProfileOps; ++op)
    if (times.seconds[op] > 0)
      operators.push_back({{"name", profile_op_name(static_cast<ProfileOp>(op))},
                           {"seconds", times.seconds[op]},
                           {"share", times.seconds[op] / times.mean_step_seconds}});
  Json& layers = json["layers"] = Json::array();
  for (const LayerTimes& layer : times.layers) {
    Json item = {{"name", layer.name}, {"shape", layer.shape}, {"seconds", layer.total()}};
    for (size_t op = 0; op < kProfileOps; ++op)
      if (layer.seconds[op] > 0) {
        const ProfileOp id = static_cast<ProfileOp>(op);
        item[profile_op_name(id)] = pass(layer.seconds[op], operations_of(layer, id), head.peak_operations);
      }
    layers.push_back(item);
  }
  return text(json);
}

}  // namespace intrain
