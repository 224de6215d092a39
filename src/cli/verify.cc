#include "train/verify.h"

#include <fmt/format.h>

#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/text.h"
#include "isa/isa.h"
#include "settings/number_text.h"

namespace intrain::cli {

namespace {

int run(const std::string& model, int threads) {
  validate_threads(threads);
  const VerifyResult result = run_verify(model, threads);
  const bool equal = result.signature == result.published;
  print("{}, {}, test accuracy {}\n", isa_info(select_isa()).name, plural(threads, "thread"), percent_text(result.test_accuracy));
  if (equal)
    print("equal to the published signature\n");
  else
    print("DIFFERENT from the published signature {}: this build does not compute what docs/contract.md says\n",
          signature_text(result.published));
  print("signature: {}\n", signature_text(result.signature));
  return equal ? 0 : 1;
}

}  // namespace

Command add_verify(CLI::App& app) {
  struct Flags {
    std::string model = "resnet8";
    int threads = 1;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App& verify = *app.add_subcommand("verify", "Train a fixed tiny problem and compare its signature with the published one");
  verify.add_option("--model", flags->model, "net to train: resnet8, resnet8_v2, resnet18 or resnet50")->type_name("NAME");
  add_threads(verify, flags->threads);
  return {&verify, [flags] { return run(flags->model, flags->threads); }};
}

}  // namespace intrain::cli
