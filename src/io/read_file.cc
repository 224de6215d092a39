#include "io/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace intrain {

InputFile::InputFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK a pipe that none writes to would hold the program before it can be refused.
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const int reason = errno;
  struct stat status {};
  if (fd_ < 0 || fstat(fd_, &status) != 0)
    throw Error(std::string("cannot open the file: ") + std::strerror(fd_ < 0 ? reason : errno), path, "check the path");
  size_ = status.st_size;
  if (S_ISREG(status.st_mode)) return;
  close(fd_);
  throw Error(S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file", path, "give a file");
}

InputFile::~InputFile() { close(fd_); }

void InputFile::read(void* to, int64_t bytes) {
  constexpr int64_t kMostAtOnce = int64_t{1} << 30;  // Linux reads less than 2^31
  for (auto* at = static_cast<uint8_t*>(to); bytes > 0;) {
    const ssize_t n = ::read(fd_, at, static_cast<size_t>(std::min(bytes, kMostAtOnce)));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw Error(std::string("cannot read the file: ") + (n < 0 ? std::strerror(errno) : "it ends early"), path_,
                  "check the disk");
    at += n;
    bytes -= n;
  }
}

std::vector<uint8_t> read_file(const std::string& path, int64_t least, int64_t most, const std::string& what,
                               const std::string& hint) {
  InputFile file(path);
  if (file.size() < least || file.size() > most) throw Error(what, path, hint);
  std::vector<uint8_t> bytes(static_cast<size_t>(file.size()));
  file.read(bytes.data(), file.size());
  return bytes;
}

}  // namespace intrain
