#include "exchange/import/safetensors_modules.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace intrain {

namespace {

constexpr const char* kHint =
    "`model` must be the file's net, as 'intrain import --help' says; where only the classes are others, `new_head`; where the "
    "file holds other tensors beside the net's, `prefix`";

}  // namespace

std::string some_of(const std::set<std::string>& names) {
  constexpr size_t kMost = 20;
  std::string list;
  size_t i = 0;
  for (const std::string& name : names) {
    if (i++ == kMost) return list + " and " + std::to_string(names.size() - kMost) + " more";
    list += (i == 1 ? "" : ", ") + name;
  }
  return list;
}

SafetensorsModules::SafetensorsModules(const std::string& path, const std::string& prefix) : file_(read_safetensors(path)) {
  const std::string within = prefix.empty() || prefix.ends_with('.') ? prefix : prefix + ".";
  for (const SafeTensor& t : file_.tensors)
    if (t.name.starts_with(within)) add(t, std::string_view(t.name).substr(within.size()));
  if (modules_.empty() && !within.empty()) fail_empty(within);
}

void SafetensorsModules::fail(const std::string& what, const char* hint) const {
  throw Error(what, file_.path, hint != nullptr ? hint : kHint);
}

void SafetensorsModules::fail_empty(const std::string& prefix) const {
  std::set<std::string> first;
  for (const SafeTensor& t : file_.tensors) first.insert(t.name.substr(0, t.name.find('.')));
  throw Error("no tensor's name begins with '" + prefix + "'", file_.path, "what they begin with: " + some_of(first));
}

// name: that of the tensor, without the prefix.
void SafetensorsModules::add(const SafeTensor& t, std::string_view name) {
  const size_t point = name.rfind('.');
  if (point == name.npos) fail("tensor '" + t.name + "' belongs to no module");
  const std::string leaf(name.substr(point + 1));
  if (leaf == "num_batches_tracked") return;  // how often PyTorch updated the running statistics: means nothing here
  modules_[std::string(name.substr(0, point))][leaf] = &t;
}

std::vector<float> SafetensorsModules::values(const std::string& module, const std::string& leaf,
                                              const std::vector<int64_t>& shape, const NetStep& step) const {
  if (!has(module, leaf)) fail("there is no tensor '" + module + "." + leaf + "', which layer " + step.name + " takes");
  const SafeTensor& t = *modules_.at(module).at(leaf);
  if (t.shape != shape)
    fail("tensor '" + t.name + "' has the shape " + shape_text(t.shape) + ", layer " + step.name + " takes " + shape_text(shape));
  std::vector<float> result(static_cast<size_t>(t.count()));
  const auto* bytes = static_cast<const uint8_t*>(t.data);
  for (size_t i = 0; i < result.size(); ++i) {
    uint16_t half;
    double number;
    if (t.type == "F32") {
      std::memcpy(&result[i], bytes + 4 * i, 4);
    } else if (t.type == "F64") {
      std::memcpy(&number, bytes + 8 * i, 8);
      result[i] = static_cast<float>(number);
    } else if (t.type == "F16" || t.type == "BF16") {
      std::memcpy(&half, bytes + 2 * i, 2);
      result[i] = t.type == "F16" ? half_value(half) : std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
    } else {
      fail("tensor '" + t.name + "' is of type " + t.type + ", not F64, F32, F16 or BF16");
    }
    if (!std::isfinite(result[i])) fail("tensor '" + t.name + "' holds numbers that are not finite");
  }
  return result;
}

FloatLayer SafetensorsModules::conv_layer(const NetStep& step, const std::string& conv, const std::string& norm) const {
  FloatLayer layer;
  layer.source = norm.empty() ? conv : conv + ", " + norm;
  layer.weight = channels_last(step, values(conv, "weight", weight_shape(step), step));
  const std::vector<int64_t> channels{step.conv.k};
  layer.folded = norm.empty();
  if (layer.folded || has(conv, "bias")) layer.bias = values(conv, "bias", channels, step);
  for (const char* leaf : {"running_mean", "running_var"})
    if (has(conv, leaf)) fail("'" + conv + "' is a convolution, but has '" + leaf + "'");
  if (layer.folded) return layer;
  const auto numbers = [&](const char* leaf) {
    const std::vector<float> list = values(norm, leaf, channels, step);
    return std::vector<double>(list.begin(), list.end());
  };
  layer.gamma = numbers("weight");
  layer.beta = numbers("bias");
  layer.mean = numbers("running_mean");
  layer.variance = numbers("running_var");
  for (size_t i = 0; i < layer.mean.size(); ++i) {
    if (layer.variance[i] < 0) fail("tensor '" + norm + ".running_var' holds negative numbers");
    layer.variance[i] += kTorchEpsilon;
    if (!layer.bias.empty()) layer.mean[i] -= layer.bias[i];
  }
  return layer;
}

FloatLayer SafetensorsModules::linear_layer(const NetStep& step, const std::string& module) const {
  FloatLayer layer;
  layer.source = module;
  layer.weight = channels_last(step, values(module, "weight", weight_shape(step), step));
  layer.bias = values(module, "bias", {step.bias->shape[0]}, step);
  for (const char* leaf : {"running_mean", "running_var"})
    if (has(module, leaf)) fail("'" + module + "' is a linear layer, but has '" + leaf + "'");
  return layer;
}

}  // namespace intrain
