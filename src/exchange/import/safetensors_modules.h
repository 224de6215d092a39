// The modules of a safetensors file with their tensors, and what they learned as layers of ours.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/import/float_net.h"
#include "io/safetensors.h"

namespace intrain {

class SafetensorsModules {
 public:
  using Tensors = std::map<std::string, const SafeTensor*>;  // by the last part of their names, as "weight"

  // prefix: only tensors in the module of this name count; empty: all. Throws Error if there is none in it, and for
  // a tensor in no module.
  SafetensorsModules(const std::string& path, const std::string& prefix);
  SafetensorsModules(const SafetensorsModules&) = delete;
  SafetensorsModules& operator=(const SafetensorsModules&) = delete;

  const std::string& path() const { return file_.path; }
  const std::map<std::string, Tensors>& all() const { return modules_; }
  const SafeTensor& weight(const std::string& module) const { return *modules_.at(module).at("weight"); }

  // Of a convolution with its batch norm; norm: empty: it is folded. Both throw Error where a tensor is missing, or is not what the step takes.
  FloatLayer conv_layer(const NetStep& step, const std::string& conv, const std::string& norm) const;
  FloatLayer linear_layer(const NetStep& step, const std::string& module) const;

  // An Error about the file. hint: null: that the net must be its.
  [[noreturn]] void fail(const std::string& what, const char* hint = nullptr) const;

 private:
  void add(const SafeTensor& t, std::string_view name);
  [[noreturn]] void fail_empty(const std::string& prefix) const;
  bool has(const std::string& module, const std::string& leaf) const { return modules_.at(module).contains(leaf); }
  std::vector<float> values(const std::string& module, const std::string& leaf, const std::vector<int64_t>& shape,
                            const NetStep& step) const;

  const SafetensorsFile file_;
  std::map<std::string, Tensors> modules_;
};

// The first few of them, for people.
std::string some_of(const std::set<std::string>& names);

}  // namespace intrain
