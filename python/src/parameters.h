// A parameter of a net that something keeps alive.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <vector>

#include "core/parameter.h"
#include "nn/net.h"

namespace intrain::python {

struct ParameterView {
  std::shared_ptr<const void> net;  // whose memory it is
  const Parameter* parameter;
};

inline std::vector<ParameterView> parameters_of(const Net& net, const std::shared_ptr<const void>& owner) {
  std::vector<ParameterView> views;
  for (const Parameter* p : net.parameters()) views.push_back({owner, p});
  return views;
}

inline nanobind::tuple shape_of(const std::vector<int>& shape) {
  nanobind::list sizes;
  for (const int size : shape) sizes.append(size);
  return nanobind::tuple(sizes);
}

}  // namespace intrain::python
