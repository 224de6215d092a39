// What `intrain verify` trains, and what it must print on every machine and for every build. It changes only when docs/contract.md
// does.
#pragma once

#include <cstdint>

namespace intrain {

// The rest is as TrainConfig has it (settings/config.h).
struct VerifyProblem {
  const char* model;
  const char* data;
  int epochs, warmup, batch;
  uint64_t signature;
};

constexpr VerifyProblem kVerifyProblems[] = {
    {"resnet8", "synthetic:96", 2, 1, 16, 0x3ccadb54aa18680d},
    {"resnet8_v2", "synthetic:96", 2, 1, 16, 0x77f119faf2fad36a},
    {"resnet18", "synthetic:8:48", 1, 0, 4, 0x8b117adc0240965d},
    {"resnet50", "synthetic:8:48", 1, 0, 4, 0xe5f0f6af41a53ed9},
};

}  // namespace intrain
