#include "train/verify.h"

#include <fmt/format.h>

#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "isa/isa.h"

namespace intrain::cli {

int verify_command(const std::string& model, int threads) {
  validate_threads(threads);
  const VerifyResult result = run_verify(model, threads);
  const bool equal = result.signature == result.published;
  print("{}, {} thread{}, test accuracy {:.2f} %\n", isa_info(select_isa()).name, threads, threads == 1 ? "" : "s",
        100 * result.test_accuracy);
  if (equal)
    print("equal to the published signature\n");
  else
    print("DIFFERENT from the published signature {}: this build does not compute what docs/contract.md says\n",
          signature_text(result.published));
  print("signature: {}\n", signature_text(result.signature));
  return equal ? 0 : 1;
}

}  // namespace intrain::cli
