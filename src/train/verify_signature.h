// What `intrain verify` trains, and what it must print on every machine and for every build. It changes only when docs/contract.md
// does.
#pragma once

#include <cstdint>

namespace intrain {

// The rest is as TrainConfig has it (io/config.h).
struct VerifyProblem {
  const char* model;
  const char* data;
  int epochs, warmup, batch;
  uint64_t signature;
};

constexpr VerifyProblem kVerifyProblems[] = {
    {"resnet8", "synthetic:96", 2, 1, 16, 0x23e79eb1e5d34383},
    {"resnet8_v2", "synthetic:96", 2, 1, 16, 0xac8a221758d5b749},
    {"resnet18", "synthetic:8:48", 1, 0, 4, 0x153f530b9c59c3b5},
    {"resnet50", "synthetic:8:48", 1, 0, 4, 0x79820c846c9a1884},
};

}  // namespace intrain
