// How all subcommands tell results and errors.
#pragma once

#include <string>
#include <vector>

namespace intrain::cli {

// Two lines on stderr, "error: what (where)" and "hint: ..."; where may be empty. Returns the exit status of bad input, 2.
int print_error(const std::string& what, const std::string& where, const std::string& hint);

// Refuses a file that cannot be written before anything is computed: throws Error naming flag and path. "" and "-" are no files.
void check_writable(const char* flag, const std::string& path);

// The file `path`, stdout for "-", nothing for "". Throws Error if it cannot be written.
void write_result(const std::string& path, const std::string& text);

// Columns that names take on a terminal: those of the longest, at most 28, where longer ones are to be cut ("{:<{}.{}}").
int name_columns(const std::vector<std::string>& names);

}  // namespace intrain::cli
