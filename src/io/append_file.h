// A file that only grows, by whole records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace intrain {

class AppendFile {
 public:
  AppendFile() = default;
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // What of the file stays: nothing, which may be there before or not; all, `bytes` of whole records; or it must not be there.
  enum class Mode { kTruncate, kContinue, kExclusive };
  // 0, or the errno of why not. path: of a file that is not open yet.
  int open(const std::string& path, Mode mode, int64_t bytes = 0);
  // The whole record, or none of it: throws Error with `hint`.
  void append(std::string_view record, const std::string& hint);
  // Brings what was appended to the disk, where the file system can. Throws Error with `hint`.
  void sync(const std::string& hint);

 private:
  std::string path_;
  int fd_ = -1;
  int64_t bytes_ = 0;  // of whole records
};

}  // namespace intrain
