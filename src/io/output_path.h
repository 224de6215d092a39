// Where an output goes: what is there already decides how it is written.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

namespace intrain {

struct OutputPath {
  // The file to write: `path` with all links followed, so that links stay. It need not be there yet.
  std::string path;
  // Written to as it is, never replaced: a device, a pipe, a descriptor of this process (/dev/stdout, /dev/fd/63), and a file that is mounted
  // by itself, as containers do, which cannot be.
  bool in_place = false;
  int descriptor = -1;                // that of this process; -1: none
  std::optional<struct stat> before;  // of what is there
};

// Throws Error if links lead in a circle or cannot be read; whether it can be written shows when it is.
OutputPath find_output(const std::string& path);

}  // namespace intrain
