// A whole file in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// Throws Error if it cannot be opened or read; also, with `what` and `hint`, if it has fewer than `least` bytes or more than `most`, before
// memory is taken.
std::vector<uint8_t> read_file(const std::string& path, int64_t least, int64_t most, const std::string& what,
                               const std::string& hint);

}  // namespace intrain
