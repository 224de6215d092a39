// How all subcommands tell results and errors.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace intrain::cli {

// Before anything else: gives stdin, stdout and stderr a descriptor each where one is closed, so that no file takes its place, and lets a
// pipe without a reader and a limit on the size of files be errors like others.
void prepare_streams();

// Of several ranks (cli/ranks.h): of those but the first nothing is told but errors, behind "rank 2 on node7: ".
void set_rank(const std::string& name, bool first);
// Whether nothing is told or written here.
bool is_silent();

// Two lines on stderr, "error: what (where)" and "hint: ..."; where may be empty. All may hold foreign text. Returns the exit status of bad
// input, 2.
int print_error(const std::string& what, const std::string& where, const std::string& hint);
int print_error(const Error& error);
// A line on stderr of what does not end the program, on any rank.
void print_warning(const std::string& text);
// Where the error is: "--batch", "--out runs/x", a file; may be empty.
std::string place_of(const Error& error);
// `text` of a hint or a help with flags in place of the settings that stand in it in backquotes.
std::string with_flags(const std::string& text);

// Writes to stdout or stderr. What cannot be written there (a full disk, a pipe without a reader) is lost, but stdout remembers: a training
// goes on, check_stdout throws, and finish ends with an error.
void print_text(std::FILE* out, const std::string& text);
void flush(std::FILE* out);

// print_text of a text formatted by fmt; foreign text in it is to be made printable (core/text.h).
template <class... Args>
void print(std::FILE* out, fmt::format_string<Args...> format, Args&&... args) {
  print_text(out, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(stdout, fmt::format(format, std::forward<Args>(args)...));
}

// Throws Error if anything printed on stdout so far could not be written. For what is of no use without it.
void check_stdout();

// The program's exit status: `status`, or that of print_error if that is 0 and stdout could not be written, which is told.
int finish(int status);

// Refuses a file that cannot be written before anything is computed: throws Error naming flag and path. "" and "-" are no files.
void check_writable(const char* flag, const std::string& path);

// The file `path`, stdout for "-", nothing for "". Throws Error if it cannot be written.
void write_result(const std::string& path, const std::string& text);

// Columns that names take on a terminal: those of the longest, at most 28, where longer ones are to be cut ("{:<{}.{}}").
int name_columns(const std::vector<std::string>& names);

}  // namespace intrain::cli
