// Files from outside, read with their size known before memory is taken.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// An open file, to be read from its beginning on.
class InputFile {
 public:
  // Throws Error if it cannot be opened, or is no regular file: a folder, or a device or pipe, which has no size and perhaps no end.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int64_t size() const { return size_; }  // bytes
  // The next bytes. Throws Error if they cannot be read, or are not there.
  void read(void* to, int64_t bytes);

 private:
  const std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

// A whole file. Throws Error as InputFile does; also, with `what` and `hint`, if it has fewer than `least` bytes or more than `most`, before
// memory is taken.
std::vector<uint8_t> read_file(const std::string& path, int64_t least, int64_t most, const std::string& what,
                               const std::string& hint);

}  // namespace intrain
