// Fixed tiny trainings whose outcome is published: they show that this build on this machine computes what every other one does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "nn/runtime.h"

namespace intrain {

struct VerifyResult {
  uint64_t signature;    // of all state after training and of the logits of the last evaluation
  uint64_t published;    // train/verify.def
  double test_accuracy;  // 0 .. 1
};

// The names of train/verify.def, in its order: "resnet8, resnet8_v2, ...".
std::string verify_names();

// The row of that name, with an evaluation after each epoch; seed 0. Throws Error for a name without a row, if INTRAIN_ISA asks for what this CPU
// lacks, or if threads is out of range.
VerifyResult run_verify(const std::string& name, int threads);
// The same with a runtime of the caller's, on each of its ranks.
VerifyResult run_verify(const std::string& name, std::shared_ptr<Runtime> runtime);

}  // namespace intrain
