#include "io/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace intrain {

AppendFile::~AppendFile() {
  if (fd_ >= 0) close(fd_);
}

int AppendFile::open(const std::string& path, Mode mode, int64_t bytes) {
  const int flags = mode == Mode::kContinue ? O_APPEND : O_CREAT | (mode == Mode::kExclusive ? O_EXCL : O_TRUNC);
  path_ = path;
  bytes_ = bytes;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
  return fd_ >= 0 ? 0 : errno;
}

void AppendFile::append(std::string_view record, const std::string& hint) {
  size_t done = 0;
  while (done < record.size()) {
    const ssize_t n = write(fd_, record.data() + done, record.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      // If even this fails there is nothing more to be done.
      if (ftruncate(fd_, bytes_) != 0) errno = reason;
      throw Error(std::string("cannot write the file: ") + std::strerror(reason), path_, hint);
    }
    done += static_cast<size_t>(n);
  }
  bytes_ += static_cast<int64_t>(record.size());
}

void AppendFile::sync(const std::string& hint) {
  // EINVAL: not a file that lies on a disk.
  if (fdatasync(fd_) != 0 && errno != EINVAL)
    throw Error(std::string("cannot bring the file to the disk: ") + std::strerror(errno), path_, hint);
}

}  // namespace intrain
