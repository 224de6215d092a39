#include "cli/flags.h"

#include "cli/decimal.h"
#include "cli/output.h"
#include "core/parallel.h"
#include "data/source.h"
#include "settings/setting_list.h"
#include "settings/train_command.h"

namespace intrain::cli {

namespace {

using Strings = std::vector<std::string>;

// By the type of the value.
CLI::Option* add(CLI::App& app, const std::string& flag, std::string& value, const std::string& help) {
  return app.add_option(flag, value, help);
}
CLI::Option* add(CLI::App& app, const std::string& flag, Strings& values, const std::string& help) {
  return app.add_option(flag, values, help)->allow_extra_args(false)->default_str("");
}
CLI::Option* add(CLI::App& app, const std::string& flag, std::vector<double>& values, const std::string& help) {
  return add_numbers(app, flag, values, help);
}
CLI::Option* add(CLI::App& app, const std::string& flag, bool& value, const std::string& help) {
  return app.add_flag(flag, value, help)->default_str("");
}
template <class Number>
CLI::Option* add(CLI::App& app, const std::string& flag, Number& value, const std::string& help) {
  return add_number(app, flag, value, help);
}

std::string help_of(const SettingInfo& info, const std::string& otherwise) {
  std::string help = info.help;
  if (info.key == "data") help += ": " + data_help();
  return with_flags(help + (otherwise.empty() ? "" : "; " + otherwise));
}

template <class Value>
CLI::Option* add_row(CLI::App& app, const SettingInfo& info, Value& value, const std::string& otherwise) {
  CLI::Option* option = add(app, flag_of(info.key), value, help_of(info, otherwise));
  return info.is_flag ? option : option->type_name(info.placeholder);
}

}  // namespace

CLI::Option* add_setting(CLI::App& app, TrainConfig& config, const std::string& key, const std::string& otherwise) {
  CLI::Option* option = nullptr;
  for_each_setting(config, [&](const SettingInfo& info, auto& value) {
    if (info.key == key) option = add_row(app, info, value, otherwise.empty() ? info.otherwise : otherwise);
  });
  return option;
}

CLI::Option* add_data(CLI::App& app, std::string& data, const std::string& otherwise) {
  return add_row(app, setting_info("data"), data, otherwise);
}

CLI::Option* add_crop(CLI::App& app, std::string& crop) {
  return add_row(app, setting_info("crop"), crop, "if not given, as the run has it")->type_name("X|whole");
}

TestViews ViewFlags::of(const TrainConfig& config) const {
  const TestViews views = views_of(config);
  return {mirror.value_or(views.mirror), shift.value_or(views.shift)};
}

void add_test_views(CLI::App& app, ViewFlags& flags) {
  const auto add = [&](const char* flag, bool value, const std::string& help) {
    return app
        .add_flag_function(
            flag, [&flags, value](int64_t) { flags.mirror = value; }, help)
        ->default_str("");
  };
  const std::string otherwise = "; if neither is given, as the run has it";
  CLI::Option* both = add("--test-mirror", true, setting_info("test_mirror").help + otherwise);
  add("--no-test-mirror", false, "evaluate no mirror images" + otherwise)->excludes(both);
  add_number(app, "--test-shift", flags.shift, setting_info("test_shift").help + "; if not given, as the run has it")
      ->type_name("N");
}

CLI::Option* add_threads(CLI::App& app, int& threads) {
  threads = available_threads();
  return add_row(app, setting_info("threads"), threads, "");
}

CLI::Option* add_checkpoint(CLI::App& app, std::string& checkpoint) {
  return app.add_option("--checkpoint", checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
}

CLI::Option* add_free_batch(CLI::App& app, int& batch) {
  return add_number(app, "--batch", batch, "images a forward pass; the result does not depend on it")->type_name("N");
}

}  // namespace intrain::cli
