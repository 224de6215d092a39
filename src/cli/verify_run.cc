#include "cli/verify_run.h"

#include "checkpoint/signature.h"
#include "cli/output.h"
#include "core/text.h"
#include "isa/isa.h"
#include "settings/number_text.h"
#include "train/verify.h"

namespace intrain::cli {

int run_verify_command(const std::string& name, std::shared_ptr<Runtime> runtime) {
  const int threads = runtime->pool().threads();
  const VerifyResult result = run_verify(name, std::move(runtime));
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

}  // namespace intrain::cli
