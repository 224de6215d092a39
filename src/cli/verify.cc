#include "train/verify.h"

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/ranks.h"
#include "cli/verify_run.h"
#include "settings/config.h"

namespace intrain::cli {

Command add_verify(CLI::App& app) {
  struct Flags {
    std::string model = "resnet8";
    int threads = 1;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App& verify = *app.add_subcommand("verify", "Train a fixed tiny problem and compare its signature with the published one");
  verify
      .add_option("--model", flags->model,
                  "problem to train, a net or wageubn, which is resnet8_v2 by the paper's recipe: " + verify_names())
      ->type_name("NAME");
  add_threads(verify, flags->threads);
  return {&verify,
          [flags, &verify] {
            validate_threads(flags->threads);
            const int threads = threads_here(flags->threads, verify.count("--threads") > 0);
            return run_verify_command(flags->model, make_runtime(threads));
          },
          OnRanks::kTogether};
}

}  // namespace intrain::cli
