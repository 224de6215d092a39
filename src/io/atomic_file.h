// A file that is either wholly there or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/output_path.h"

namespace intrain {

// Writes to a file without a name, or, where the file system has none such, to `path`.tmp.<pid>.<n>; commit() brings it to the disk and
// puts it in the place of `path`. Without a commit, or if anything fails, what was at `path` before stays as it was. A link stays a link:
// the file that it leads to is replaced. The mode and, where possible, the owner of a file that was there are kept; a new file's mode
// follows the umask.
//
// What cannot be replaced (io/output_path.h: /dev/null, /dev/stdout, a pipe) is written to as it is, at once.
class AtomicFile {
 public:
  // Throws Error if the file cannot be made, as do write and commit.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void commit();

 private:
  void open_in_place();
  void open_temporary();
  [[noreturn]] void fail(const char* action);
  void close_and_remove();

  std::string path_;
  OutputPath output_;
  std::string temporary_;  // empty: the file has no name
  int fd_ = -1;
};

void write_file(const std::string& path, std::string_view content);

// Throws Error if `path` cannot be written; changes nothing, and opens no pipe, which its reader would see the end of.
void check_output(const std::string& path);

}  // namespace intrain
