// What is common to all subcommands (cli/commands.def); each is a file of its own.
#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <new>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "core/error.h"
#include "core/version.h"
#include "settings/train_command.h"

namespace intrain::cli {

namespace {

constexpr const char* kLessMemory = "choose a smaller --batch, a smaller model, less data, or a machine with more memory";

// A variable of a script that was never set would be passed over, as no file or no setting.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    option->check(
        [name = option->get_name()](const std::string& text) {
          if (text.empty()) throw Error("its value is empty", name, "give it a value, or leave the flag out");
          return std::string();
        },
        "", "");
  for (CLI::App* sub : app.get_subcommands({})) refuse_empty_values(*sub);
}

// Where the flags that can be given after the subcommands that are given are listed, for the hint.
std::string help_line(const CLI::App& app, const std::string& command = "intrain") {
  for (const CLI::App* sub : app.get_subcommands()) return help_line(*sub, command + " " + sub->get_name());
  std::string names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names += (names.empty() ? "" : ", ") + sub->get_name();
  return "'" + command + " --help' lists the " + (names.empty() ? "flags" : "subcommands: " + names);
}

int run(int argc, char** argv) {
  CLI::App app("Trains deep networks wholly in integers: no floating-point instruction in a training step.", "intrain");
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("intrain ") + kVersion);
  app.require_subcommand(0, 1);  // none is refused below: here it would hide a misspelt one
  const std::vector<Command> commands = {
#define INTRAIN_COMMAND(name) add_##name(app),
#include "cli/commands.def"
#undef INTRAIN_COMMAND
  };
  refuse_empty_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    std::ostringstream text;  // of --help or --version
    const int status = app.exit(e, text, text);
    print("{}", text.str());
    return status;
  } catch (const CLI::ExtrasError&) {  // whose own text has them backwards
    std::string extra;
    for (const std::string& argument : app.remaining(true)) extra += (extra.empty() ? "" : " ") + argument;
    throw Error("not expected: " + extra, "", help_line(app));
  } catch (const CLI::ParseError& e) {
    throw Error(e.what(), "", help_line(app));
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    if (command.on_ranks == OnRanks::kEach) stay_apart();
    if (command.on_ranks == OnRanks::kTogether) join_ranks();
    if (command.on_ranks == OnRanks::kRefused) refuse_ranks(command.app->get_name());
    try {
      return command.run();
    } catch (Error& e) {
      const auto has_flag = [&](const std::string& key) {
        const std::string flag = flag_of(key);
        const CLI::App* given = command.app;
        while (!given->get_subcommands().empty()) given = given->get_subcommands()[0];
        return given->get_option_no_throw(flag.substr(0, flag.find(' '))) != nullptr;
      };
      // The size of the images is a flag where there are none.
      if (e.setting == "image" && has_flag("data")) e.setting = "data";
      // Of the run whose checkpoint is given, where the command has no such flag.
      if (!e.setting.empty() && !has_flag(e.setting))
        e.where = std::exchange(e.setting, "") + (e.where.empty() ? "" : " ") + e.where;
      throw;
    }
  }
  throw Error("no subcommand is given", "", help_line(app));
}

int run_telling_errors(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& e) {
    return end_with(e);
  } catch (const std::bad_alloc&) {
    return end_with({"out of memory", "", kLessMemory});
  } catch (const std::length_error&) {  // more than a container can hold
    return end_with({"out of memory", "", kLessMemory});
  } catch (const std::filesystem::filesystem_error& e) {
    return end_with({e.code().message(), e.path1().string(), "check the path and its permissions"});
  } catch (const std::system_error& e) {  // of threads, mostly
    return end_with({"the system refuses: " + e.code().message(), "",
                     "choose fewer --threads, or allow more processes and open files (ulimit -u, ulimit -n)"});
  } catch (const std::exception& e) {
    return end_with({e.what(), "", "this should not happen: please report it with the command line"});
  }
}

}  // namespace

int command_line(int argc, char** argv) {
  prepare_streams();
  const int status = finish(run_telling_errors(argc, argv));
  leave_ranks();
  return status;
}

}  // namespace intrain::cli
