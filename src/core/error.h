// What the outside world does wrong: files, settings, data. The command line prints it in two lines and exits 2.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "base/api.h"

namespace intrain {

// A setting by its key: a member of TrainConfig ("batch"), a number format ("formats.w"), or another argument of the caller ("split"); with its
// value where that tells more.
struct Setting {
  std::string name, value = {};
};

// What is wrong, where, and what to do about it. `hint` writes settings in backquotes, "`batch` takes ...": the command line turns them into its
// flags, and others may leave them.
struct INTRAIN_API Error : std::runtime_error {
  Error(const std::string& what, std::string where_, std::string hint_)
      : std::runtime_error(what), where(std::move(where_)), hint(std::move(hint_)) {}
  Error(const std::string& what, Setting at, std::string hint_)
      : std::runtime_error(what), setting(std::move(at.name)), where(std::move(at.value)), hint(std::move(hint_)) {}
  std::string setting;  // the setting that is wrong; empty if it is none
  std::string where;    // the setting's value, else the file; may be empty
  std::string hint;
};

}  // namespace intrain
