// Commands for a person to paste into a shell.
#pragma once

#include <string>

namespace intrain {

// `text` as one word of a POSIX shell: as it is, in single quotes, or, with control characters and bytes that are no UTF-8, as $'...' with
// escapes (POSIX 2024; bash, zsh, ksh).
std::string shell_word(const std::string& text);
// "--flag word", or "--flag=word" for a word that would be taken for a flag itself.
std::string shell_flag(const std::string& flag, const std::string& value);

}  // namespace intrain
