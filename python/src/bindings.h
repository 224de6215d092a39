// The extension module intrain._core, a file a concept: python/intrain/_core.pyi says what each class and function is. Start reading in module.cc.
#pragma once

#include <nanobind/nanobind.h>

namespace intrain::python {

namespace nb = nanobind;

void bind_errors();
void bind_system(nb::module_& m);
void bind_settings(nb::module_& m);
void bind_data(nb::module_& m);
void bind_results(nb::module_& m);
void bind_parameters(nb::module_& m);
void bind_net(nb::module_& m);
void bind_builder(nb::module_& m);
void bind_trainer(nb::module_& m);

}  // namespace intrain::python
