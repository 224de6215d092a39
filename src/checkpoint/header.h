// The JSON header of a checkpoint file (checkpoint/checkpoint.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace intrain {

// Where arrays begin, in bytes from their start.
constexpr int64_t align8(int64_t n) { return (n + 7) / 8 * 8; }

// "s16", "s32", "s64".
const char* type_name(ElementType type);

std::string header_text(const CheckpointInfo& info, const std::vector<StateArray>& state);

// Fills info and arrays, whose bytes lie one after another in [begin, end). Throws std::invalid_argument, nlohmann::json::exception or, of a
// setting, Error for what no checkpoint of the version says.
void parse_header(std::string_view text, uint32_t version, int64_t begin, int64_t end, Checkpoint& checkpoint);

}  // namespace intrain
