// JSON from outside: files that were downloaded, copied or damaged.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace intrain {

// Objects and arrays in each other: what is copied, compared and written by recursion stays far from the stack's end.
constexpr int kMaxJsonDepth = 32;
// Numbers, texts, objects and arrays, each some bytes of memory. A checkpoint of 800,000 arrays has as many.
constexpr int64_t kMaxJsonValues = int64_t{1} << 22;

// The value that `text` holds, in time and memory in proportion to its length, however many members an object has. Throws
// std::invalid_argument, saying what and where, for what is not JSON, names a member twice, or is beyond the bounds above.
nlohmann::ordered_json read_json(std::string_view text);

}  // namespace intrain
