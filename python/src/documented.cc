#include "documented.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace intrain::python {

namespace {

struct Docstring {
  std::string_view name;
  const char* text;
};
constexpr Docstring kDocstrings[] = {
#include "docstrings.inc"
};

}  // namespace

const char* docstring(const std::string& name) {
  const auto found = std::lower_bound(std::begin(kDocstrings), std::end(kDocstrings), name,
                                      [](const Docstring& row, const std::string& wanted) { return row.name < wanted; });
  return found != std::end(kDocstrings) && found->name == name ? found->text : "";
}

}  // namespace intrain::python
