#include "io/read_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "core/error.h"

namespace intrain {

std::vector<uint8_t> read_file(const std::string& path, int64_t least, int64_t most, const std::string& what,
                               const std::string& hint) {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) throw Error(std::string("cannot open the file: ") + std::strerror(errno), path, "check the path");
  const int64_t size = std::fseek(file.get(), 0, SEEK_END) == 0 ? std::ftell(file.get()) : -1;
  if (size < least || size > most) throw Error(what, path, hint);
  std::rewind(file.get());
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    throw Error(std::string("cannot read the file: ") + std::strerror(errno), path, "check the disk");
  return bytes;
}

}  // namespace intrain
