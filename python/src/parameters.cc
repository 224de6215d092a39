#include "parameters.h"

#include <nanobind/stl/string.h>

#include <cstdint>
#include <span>

#include "arrays.h"
#include "base/formats.h"
#include "bindings.h"
#include "documented.h"

namespace intrain::python {

namespace {

template <class T>
nb::object array(std::span<T> numbers, const Parameter& p, nb::handle owner) {
  std::vector<size_t> shape(p.shape.begin(), p.shape.end());
  return nb::cast(nb::ndarray<nb::numpy, const T>(numbers.data(), shape.size(), shape.data(), owner));
}

}  // namespace

void bind_parameters(nb::module_& m) {
  Class<ParameterView>(m, "Parameter")
      .def_prop_ro("name", [](const ParameterView& v) { return v.parameter->name; })
      .def_prop_ro("shape", [](const ParameterView& v) { return shape_of(v.parameter->shape); })
      .def_prop_ro("frozen", [](const ParameterView& v) { return v.parameter->frozen; })
      .def_prop_ro("master",
                   [](nb::handle self) {
                     const Parameter& p = *nb::inst_ptr<ParameterView>(self)->parameter;
                     return array(p.master, p, self);
                   })
      .def_prop_ro("exponent", [](const ParameterView&) { return kMasterExp; })
      .def_prop_ro("momentum",
                   [](nb::handle self) {
                     const Parameter& p = *nb::inst_ptr<ParameterView>(self)->parameter;
                     return p.momentum.empty() ? nb::object(nb::none()) : array(p.momentum, p, self);
                   })
      .def_prop_ro("momentum_exponent", [](const ParameterView& v) { return v.parameter->momentum_exp; });
}

}  // namespace intrain::python
