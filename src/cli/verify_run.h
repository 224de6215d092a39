// What `intrain verify` does.
#pragma once

#include <memory>
#include <string>

#include "nn/runtime.h"

namespace intrain::cli {

// Trains the problem of that name (train/verify.def) and says whether its signature is the published one. 0 if it is, else 1.
int run_verify_command(const std::string& name, std::shared_ptr<Runtime> runtime);

}  // namespace intrain::cli
