// A fixed tiny training whose outcome is published: shows that this build on this machine computes what every other one does.
#pragma once

#include <cstdint>

namespace intrain {

struct VerifyResult {
  uint64_t signature;    // of all state after training and of the logits of the last evaluation
  uint64_t published;    // train/verify_signature.h
  double test_accuracy;  // 0 .. 1
};

// resnet8 on synthetic:96, 2 epochs of 6 steps of 16 images, an evaluation after each; seed 0. Throws Error if INTRAIN_ISA asks
// for what this CPU lacks, or threads is out of range.
VerifyResult run_verify(int threads);

}  // namespace intrain
