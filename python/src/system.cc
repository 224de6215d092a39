// What the process has to compute with, and the command line.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "bindings.h"
#include "cli/command_line.h"
#include "core/parallel.h"
#include "data/source.h"
#include "documented.h"
#include "errors.h"
#include "isa/isa.h"
#include "models/models.h"
#include "nn/runtime.h"
#include "ranks.h"
#include "threads.h"

namespace intrain::python {

int default_threads() {
  constexpr const char* kVariable = "INTRAIN_NUM_THREADS";
  const int cores = threads_of_rank().value_or(available_threads());
  const char* const given = std::getenv(kVariable);
  if (given == nullptr || *given == '\0') return cores;
  const std::string_view text = given;
  int most = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), most);
  if (error != std::errc() || end != text.end() || most < 1)
    throw KindError(Error(std::string(kVariable) + " is '" + given + "'", "", "give it a whole number, 1 or more, or none"),
                    Kind::kConfig);
  return std::min(cores, most);
}

void bind_system(nb::module_& m) {
  define(m, "default_threads", default_threads);
  define(m, "instruction_set",
         [] { return errors_are(Kind::kConfig, [] { return std::string(isa_info(Runtime(1).isa()).name); }); });
  define(m, "model_names", model_names);
  define(m, "data_help", data_help);
  define(
      m, "command_line",
      [](std::vector<std::string> arguments) {
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        const auto count = static_cast<int>(argv.size());
        argv.push_back(nullptr);
        const nb::gil_scoped_release release;
        return cli::command_line(count, argv.data());
      },
      nb::arg("arguments"));
}

}  // namespace intrain::python
