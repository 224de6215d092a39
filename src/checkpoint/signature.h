// One number for all state of a training: equal for every instruction set, number of threads, compiler and optimization level.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "checkpoint/checkpoint.h"
#include "nn/state.h"

namespace intrain {

// XXH3-64 over, for each array in order, the bytes of its name and of its values (little-endian), then the step as 8 bytes.
INTRAIN_API uint64_t state_signature(const std::vector<StateArray>& state, int64_t step);

// XXH3-64 of each array by itself, over the bytes of its name and of its values.
INTRAIN_API std::vector<uint64_t> array_hashes(const std::vector<StateArray>& state);

// Of the state that a checkpoint holds, after its step: that of the training which wrote it at that moment.
INTRAIN_API uint64_t state_signature(const Checkpoint& checkpoint);

// 16 hex digits.
INTRAIN_API std::string signature_text(uint64_t signature);

}  // namespace intrain
