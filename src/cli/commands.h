// The subcommands: each in a file of its own, with its flags.
#pragma once

#include <functional>

#include "cli/ranks.h"

namespace CLI {
class App;
}

namespace intrain::cli {

struct Command {
  CLI::App* app;
  // What it does with the flags once they are parsed. Returns the exit status, and throws Error.
  std::function<int()> run;
  OnRanks on_ranks = OnRanks::kRefused;
};

// Each adds its subcommand to `app`.
#define INTRAIN_COMMAND(name) Command add_##name(CLI::App& app);
#include "cli/commands.def"
#undef INTRAIN_COMMAND

}  // namespace intrain::cli
