// Paths as people write them after --data.
#pragma once

#include <filesystem>
#include <string>

namespace intrain {

// What is at `path`, links followed; not_found included. Throws Error where that cannot be seen: below a folder without permission, say.
std::filesystem::file_type type_of(const std::string& path);
bool is_folder(const std::string& path);  // likewise

// Throws Error with `hint` unless there is such a folder.
void check_folder(const std::string& path, const std::string& hint);

// A leading ~ or ~/ stands for $HOME, as a shell has it but not behind a colon; a folder that is really called ~ comes first.
std::string expand_home(const std::string& path);

}  // namespace intrain
