// A file that is either wholly there or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace intrain {

// Writes to `path`.tmp.<pid>; commit() brings it to the disk and renames it to `path`. Without a commit, or if anything fails,
// the temporary file is removed and what was at `path` before stays as it was.
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
  [[noreturn]] void fail(const char* action);
  void close_and_remove();

  std::string path_, temporary_;
  int fd_ = -1;
};

void write_file(const std::string& path, std::string_view content);

}  // namespace intrain
