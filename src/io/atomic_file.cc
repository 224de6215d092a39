#include "io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace intrain {

namespace {

constexpr mode_t kNewFile = 0666, kPrivate = 0600, kPermissions = 0777;
constexpr int kMostNames = 1000;

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// A name beside `path`, not too long where that one's is just not.
std::string temporary_name(const std::string& path, int n) {
  constexpr size_t kMostBytes = 200;
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  return folder + path.substr(folder.size(), kMostBytes) + ".tmp." + std::to_string(getpid()) + "." + std::to_string(n);
}

// Calls make(name) for names until there was no file of that name.
template <class Make>
std::string make_temporary(const std::string& path, const Make& make) {
  for (int n = 0;; ++n) {
    const std::string name = temporary_name(path, n);
    if (make(name)) return name;
    if (errno != EEXIST || n == kMostNames) return "";
  }
}

std::string proc_name(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// What cannot be kept is not: only root gives files to others, and not every file system has modes. The owner first: a change of it takes
// bits of the mode away.
void keep_owner_and_mode(int fd, const struct stat& before) {
  [[maybe_unused]] const bool owner = fchown(fd, before.st_uid, before.st_gid) == 0;
  [[maybe_unused]] const bool mode = fchmod(fd, before.st_mode & kPermissions) == 0;
}

// Some devices and pipes cannot be brought to a disk, and need not.
bool sync(int fd) { return fsync(fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP; }

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), output_(find_output(path_)) {
  if (output_.before && S_ISDIR(output_.before->st_mode)) {
    errno = EISDIR;
    fail("write");
  }
  if (output_.in_place)
    open_in_place();
  else
    open_temporary();
  if (fd_ < 0) fail("create");
}

AtomicFile::~AtomicFile() { close_and_remove(); }

void AtomicFile::open_in_place() {
  if (output_.descriptor < 0) {
    // A file that another process has open is gone on with, another one written anew.
    const int start = !output_.before ? O_APPEND : S_ISREG(output_.before->st_mode) ? O_TRUNC : 0;
    fd_ = open(output_.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | start);
    return;
  }
  std::fflush(stdout);  // what was printed there before comes before
  fd_ = fcntl(output_.descriptor, F_DUPFD_CLOEXEC, 0);
}

void AtomicFile::open_temporary() {
  // Until it has the mode of the file that it replaces, nobody else reads it.
  const mode_t mode = output_.before ? kPrivate : kNewFile;
  // A process that is killed leaves nothing behind. Giving it a name takes /proc.
  if (access("/proc/self/fd", F_OK) == 0) fd_ = open(folder_of(output_.path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
  if (fd_ >= 0) return;
  temporary_ = make_temporary(output_.path, [&](const std::string& name) {
    fd_ = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    return fd_ >= 0;
  });
}

void AtomicFile::write(const void* data, size_t bytes) {
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, p, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write");
    p += n;
    bytes -= static_cast<size_t>(n);
  }
}

void AtomicFile::commit() {
  if (!output_.in_place && output_.before) keep_owner_and_mode(fd_, *output_.before);
  if (!sync(fd_)) fail("write");
  if (!output_.in_place) {
    if (temporary_.empty())
      temporary_ = make_temporary(output_.path, [&](const std::string& name) {
        return linkat(AT_FDCWD, proc_name(fd_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
      });
    if (temporary_.empty() || std::rename(temporary_.c_str(), output_.path.c_str()) != 0) fail("write");
    temporary_.clear();
    // The rename itself: best effort, since some file systems cannot sync a folder.
    if (const int dir = open(folder_of(output_.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
      fsync(dir);
      close(dir);
    }
  }
  if (close(std::exchange(fd_, -1)) != 0) fail("write");
}

void AtomicFile::close_and_remove() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail(const char* action) {
  const int reason = errno;
  close_and_remove();
  std::string hint = "check the folder and its permissions, or choose another one";
  if (reason == ENOSPC || reason == EDQUOT) hint = "free some space, or choose another folder";
  if (reason == EFBIG) hint = "allow larger files (ulimit -f)";
  if (reason == EPIPE) hint = "the program that reads it has ended";
  throw Error(std::string("cannot ") + action + " the file: " + std::strerror(reason), path_, hint);
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void check_output(const std::string& path) {
  const OutputPath output = find_output(path);
  if (!output.in_place) {
    AtomicFile probe(path);
    return;
  }
  int reason = 0;
  if (output.descriptor >= 0) {
    const int flags = fcntl(output.descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) reason = EBADF;
  } else if (output.before && S_ISSOCK(output.before->st_mode)) {
    reason = ENXIO;
  } else if (faccessat(AT_FDCWD, output.path.c_str(), W_OK, AT_EACCESS) != 0) {
    reason = errno;
  }
  if (reason != 0)
    throw Error(std::string("cannot write to it: ") + std::strerror(reason), path,
                "check its permissions, or choose another place");
}

}  // namespace intrain
