// Text where a person reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace intrain {

// `text` as it can stand in one line of a terminal, a table or a picture: control characters (C0, DEL, C1), the separators and the changes
// of writing direction of Unicode, and bytes that are no UTF-8, become \n, \t, \r, or \xHH for each byte. All other UTF-8 stays as it is, a
// backslash too. For all that is from outside: names, paths, headers of files, messages of libraries.
std::string printable(std::string_view text);

// "1 epoch", "2 epochs".
std::string plural(int64_t n, std::string_view noun);

}  // namespace intrain
