#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string_view>

#include "core/error.h"
#include "import/float_net.h"

namespace intrain {

namespace {

constexpr const char* kHint =
    "--model must be the file's net, as 'intrain import --help' says; where only the classes are others, --new-head";

// The parts of a name between its points.
std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Texts with the numbers in them by value: "conv2" before "conv10".
bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  const auto digits = [](std::string_view s, size_t at) {
    const size_t end = std::min(s.find_first_not_of("0123456789", at), s.size());
    const size_t begin = std::min(s.find_first_not_of('0', at), end);
    return std::pair(s.substr(begin, end - begin), end);
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto [x, x_end] = digits(a, i);
      const auto [y, y_end] = digits(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      i = x_end;
      j = y_end;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

// Modules in the order of our layers: a block's shortcut is the first in it.
bool module_less(const std::string& a, const std::string& b) {
  const auto x = parts_of(a), y = parts_of(b);
  const auto is_shortcut = [](std::string_view part) { return part == "downsample" || part == "shortcut"; };
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (x[i] == y[i]) continue;
    if (is_shortcut(x[i]) != is_shortcut(y[i])) return is_shortcut(x[i]);
    if (natural_less(x[i], y[i]) != natural_less(y[i], x[i])) return natural_less(x[i], y[i]);
    return x[i] < y[i];
  }
  return x.size() < y.size();
}

class Reader {
 public:
  Reader(const std::string& path, const std::vector<NetStep>& steps, bool new_head)
      : file_(read_safetensors(path)), steps_(steps), new_head_(new_head) {
    for (const SafeTensor& t : file_.tensors) {
      const size_t point = t.name.rfind('.');
      if (point == std::string::npos) fail("tensor '" + t.name + "' belongs to no module");
      const std::string leaf = t.name.substr(point + 1);
      if (leaf == "num_batches_tracked") continue;  // how often PyTorch updated the running statistics: means nothing here
      if (leaf != "weight" && leaf != "bias" && leaf != "running_mean" && leaf != "running_var")
        fail("tensor '" + t.name + "' is none of weight, bias, running_mean, running_var");
      modules_[t.name.substr(0, point)][leaf] = &t;
    }
    for (const auto& [name, tensors] : modules_) {
      if (!tensors.contains("weight")) fail("'" + name + "' has " + tensors.begin()->second->name + ", but no weight");
      const size_t rank = tensors.at("weight")->shape.size();
      if (rank != 1 && rank != 2 && rank != 4)
        fail("tensor '" + name + ".weight' of shape " + shape_text(tensors.at("weight")->shape) +
             " is of no convolution, linear layer or batch norm");
      (rank == 4 ? convs_ : rank == 2 ? linears_ : norms_).push_back(name);
    }
    for (auto* list : {&convs_, &linears_, &norms_}) std::sort(list->begin(), list->end(), module_less);
  }

  std::vector<FloatLayer> read() {
    int64_t convs = 0, linears = 0;
    for (const NetStep& step : steps_) {
      convs += step.kind == NetStep::Kind::kConv;
      linears += step.kind == NetStep::Kind::kLinear;
    }
    check_count("convolutions", convs_, convs);
    check_count("linear layers", linears_, linears);
    // None: they are folded into the convolutions.
    if (!norms_.empty()) check_count("batch norms", norms_, convs);

    std::vector<FloatLayer> layers;
    size_t conv = 0, linear = 0;
    for (const NetStep& step : steps_) {
      if (!step.learns()) continue;
      if (step.kind == NetStep::Kind::kConv) {
        layers.push_back(conv_layer(step, convs_[conv], norms_.empty() ? "" : norms_[conv]));
        ++conv;
      } else {
        layers.push_back(step.out == nullptr && new_head_ ? FloatLayer{.source = "new"} : linear_layer(step, linears_[linear]));
        ++linear;
      }
    }
    return layers;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(what, file_.path, kHint); }

  void check_count(const std::string& what, const std::vector<std::string>& found, int64_t wanted) const {
    if (static_cast<int64_t>(found.size()) == wanted) return;
    const std::string last = found.empty() ? "" : ", '" + found.back() + "' the last";
    fail("the net has " + std::to_string(wanted) + " " + what + ", the file " + std::to_string(found.size()) + last);
  }

  bool has(const std::string& module, const std::string& leaf) const { return modules_.at(module).contains(leaf); }

  std::vector<float> values(const std::string& module, const std::string& leaf, const std::vector<int64_t>& shape,
                            const NetStep& step) const {
    if (!has(module, leaf)) fail("there is no tensor '" + module + "." + leaf + "', which layer " + step.name + " takes");
    const SafeTensor& t = *modules_.at(module).at(leaf);
    if (t.shape != shape)
      fail("tensor '" + t.name + "' has the shape " + shape_text(t.shape) + ", layer " + step.name + " takes " +
           shape_text(shape));
    std::vector<float> result(static_cast<size_t>(t.count()));
    const auto* bytes = static_cast<const uint8_t*>(t.data);
    for (size_t i = 0; i < result.size(); ++i) {
      uint16_t half;
      if (t.type == "F32") {
        std::memcpy(&result[i], bytes + 4 * i, 4);
      } else if (t.type == "F16" || t.type == "BF16") {
        std::memcpy(&half, bytes + 2 * i, 2);
        result[i] = t.type == "F16" ? half_value(half) : std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
      } else {
        fail("tensor '" + t.name + "' is of type " + t.type + ", not F32, F16 or BF16");
      }
      if (!std::isfinite(result[i])) fail("tensor '" + t.name + "' holds numbers that are not finite");
    }
    return result;
  }

  FloatLayer conv_layer(const NetStep& step, const std::string& conv, const std::string& norm) const {
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

  FloatLayer linear_layer(const NetStep& step, const std::string& module) const {
    FloatLayer layer;
    layer.source = module;
    layer.weight = channels_last(step, values(module, "weight", weight_shape(step), step));
    layer.bias = values(module, "bias", {step.bias->shape[0]}, step);
    for (const char* leaf : {"running_mean", "running_var"})
      if (has(module, leaf)) fail("'" + module + "' is a linear layer, but has '" + leaf + "'");
    return layer;
  }

  const SafetensorsFile file_;
  const std::vector<NetStep>& steps_;
  const bool new_head_;
  std::map<std::string, std::map<std::string, const SafeTensor*>> modules_;
  std::vector<std::string> convs_, linears_, norms_;
};

}  // namespace

std::vector<FloatLayer> read_safetensors_net(const std::string& path, const std::vector<NetStep>& steps, bool new_head) {
  return Reader(path, steps, new_head).read();
}

}  // namespace intrain
