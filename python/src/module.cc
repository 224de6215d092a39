#include "bindings.h"
#include "core/version.h"
#include "documented.h"
#include "ranks.h"

NB_MODULE(_core, m) {
  using namespace intrain::python;
  nanobind::set_leak_warnings(false);  // what a notebook holds at its end is no leak
  m.attr("__doc__") = docstring("");
  m.attr("__version__") = intrain::kVersion;
  bind_errors();
  bind_system(m);
  bind_ranks(m);
  bind_settings(m);
  bind_data(m);
  bind_results(m);
  bind_parameters(m);
  bind_net(m);
  bind_builder(m);
  bind_trainer(m);
}
