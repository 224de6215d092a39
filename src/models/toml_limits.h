// What toml++ must not be given: it takes a dotted key apart by recursion, one call a part, and stops at no number of them.
#pragma once

#include <string_view>

namespace intrain {

// Parts of a key or of a table's name; a net's have one.
constexpr int kMaxKeyParts = 16;

// The line, from 1, of the first key or table's name with more parts; 0 if there is none. `text` need not be TOML: what is in doubt counts as
// a key. (Values in each other toml++ counts itself.)
int line_of_long_key(std::string_view text);

}  // namespace intrain
