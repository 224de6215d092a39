// Flags that several subcommands have.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "settings/config.h"
#include "train/test_logits.h"

namespace intrain::cli {

// The flag of a setting of `config`, as its row of settings.def says, with what holds without it unless the command says it by `otherwise`.
CLI::Option* add_setting(CLI::App& app, TrainConfig& config, const std::string& key, const std::string& otherwise = "");

// The same of single settings, for commands that have no whole configuration. `threads` becomes the number of those that there are.
CLI::Option* add_data(CLI::App& app, std::string& data, const std::string& otherwise);
CLI::Option* add_crop(CLI::App& app, std::string& crop);
// --test-mirror and --no-test-mirror, and --test-shift; none: as the run has it.
struct ViewFlags {
  std::optional<bool> mirror;
  std::optional<int> shift;

  TestViews of(const TrainConfig& config) const;
};
void add_test_views(CLI::App& app, ViewFlags& flags);
CLI::Option* add_threads(CLI::App& app, int& threads);

// --checkpoint, which must be given.
CLI::Option* add_checkpoint(CLI::App& app, std::string& checkpoint);
// --batch of a command whose result does not depend on it.
CLI::Option* add_free_batch(CLI::App& app, int& batch);

}  // namespace intrain::cli
