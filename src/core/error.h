// What the outside world does wrong: files, flags, data, configuration. The command line prints it in two lines and exits 2.
#pragma once

#include <stdexcept>
#include <string>

#include "base/api.h"

namespace intrain {

struct INTRAIN_API Error : std::runtime_error {
  // what: what is wrong; where: the file or flag (may be empty); hint: what to do about it.
  Error(const std::string& what, std::string where_, std::string hint_)
      : std::runtime_error(what), where(std::move(where_)), hint(std::move(hint_)) {}
  std::string where;
  std::string hint;
};

}  // namespace intrain
