#include "exchange/firmware/replay.h"

#include <fmt/format.h>

#include <optional>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "exchange/firmware/device_state.h"
#include "settings/number_text.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

struct ReplayFlags {
  std::string checkpoint, samples;
  std::string mode = "full";  // unless a state says it
  std::string device_state;   // to begin with; empty: as it was exported
  std::string signature;      // that the device has at the end; empty: not compared
  std::string out;            // checkpoint to write; empty: none
};

void check_signature(const std::string& text) {
  if (text.empty()) return;
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw Error("'" + printable(text) + "' is no signature", "--signature",
                "give the 16 digits of intrain_signature(), in lower case");
}

int run(const ReplayFlags& flags) {
  check_signature(flags.signature);
  check_writable("--out", flags.out);
  const Checkpoint base = read_trained(flags.checkpoint);
  std::optional<DeviceState> state;
  if (!flags.device_state.empty()) state = read_device_state(flags.device_state);
  const int learning_layers = state ? state->learning_layers : learning_layers_of(flags.mode, base);
  if (learning_layers == 0) throw Error("what only predicts repeats no steps", "--mode", "give the mode of firmware that learns");
  DeviceNet device(base, learning_layers);
  if (state) restore_device_state(*state, base, device);
  device.plan();  // refuses what no device computes
  const Replay result = replay(flags.samples, base.info, device);
  const std::string signature = signature_text(result.signature);
  if (!flags.out.empty()) write_checkpoint(flags.out, device_checkpoint_info(base, device), device.net.state());
  print("{}, of which the last {} learn: {}", printable(base.info.model), plural(learning_layers, "layer"),
        plural(result.steps, "step"));
  if (result.steps > 0)
    print(", {} of the images known before", percent_text(static_cast<double>(result.hits) / static_cast<double>(result.steps)));
  print("\n");
  if (!flags.out.empty()) print("checkpoint: {}\n", printable(flags.out));
  const bool differs = !flags.signature.empty() && flags.signature != signature;
  if (differs)
    print("DIFFERENT from the device's signature {}: it learned from other samples, or began with another state\n",
          flags.signature);
  else if (!flags.signature.empty())
    print("equal to the device's signature\n");
  print("signature: {}\n", signature);
  return differs ? 1 : 0;
}

}  // namespace

Command add_replay(CLI::App& app) {
  const auto flags = std::make_shared<ReplayFlags>();
  CLI::App& command =
      *app.add_subcommand("replay", "Learn again from what a device recorded, and compare the signature with the device's");
  add_checkpoint(command, flags->checkpoint)->description("checkpoint that the device's firmware was exported from");
  command.add_option("--samples", flags->samples, "record of the device's steps, as docs/micro.md describes it")
      ->type_name("FILE")
      ->required();
  CLI::Option* mode =
      command.add_option("--mode", flags->mode, "that of the firmware")->type_name("full|last-K|head")->capture_default_str();
  command.add_option("--device-state", flags->device_state, "state that the record begins at, if not that of the export")
      ->type_name("FILE")
      ->excludes(mode);
  command.add_option("--signature", flags->signature, "what intrain_signature() is after the last step")->type_name("HEX");
  command.add_option("--out", flags->out, "checkpoint to write, of the net after the last step")->type_name("FILE");
  return {&command, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
