#include "exchange/firmware/firmware_output.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/read_file.h"

namespace intrain {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostHeaderBytes = 1 << 20;

bool is_firmware_header(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed) || fs::file_size(path, failed) > static_cast<uintmax_t>(kMostHeaderBytes)) return false;
  const std::vector<uint8_t> bytes = read_file(path.string(), 0, kMostHeaderBytes, "a header", "");
  return std::string(bytes.begin(), bytes.end()).find("#define INTRAIN_NET_H") != std::string::npos;
}

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::error_code& why) {
  throw Error(what, path.string(), why.message());
}

}  // namespace

void check_firmware_folder(const std::string& folder) {
  std::error_code failed;
  const fs::file_status status = fs::status(folder, failed);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status)) throw Error("it is no folder", folder, "give a folder to make, or one of an earlier export");
  const bool empty = fs::is_empty(folder, failed);
  if (failed) fail("the folder cannot be read", folder, failed);
  if (!empty && !is_firmware_header(fs::path(folder) / "src" / "intrain_net.h"))
    throw Error("the folder holds files that are no firmware of this program", folder,
                "give a folder to make, or one of an earlier export, which is made anew");
}

void write_firmware_folder(const std::string& folder, const std::vector<FirmwareText>& files) {
  check_firmware_folder(folder);
  std::error_code failed;
  for (const FirmwareText& file : files) {
    const fs::path path = fs::path(folder) / file.path;
    fs::create_directories(path.parent_path(), failed);
    if (failed) fail("the folder cannot be made", path.parent_path(), failed);
    write_file(path.string(), file.text);
  }
  for (const std::string& example : firmware_examples()) {
    if (std::any_of(files.begin(), files.end(), [&](const FirmwareText& file) { return file.path == example; })) continue;
    const fs::path path = fs::path(folder) / example;
    fs::remove(path, failed);
    if (failed) fail("the example of the export before cannot be removed", path, failed);
    fs::remove(path.parent_path(), failed);  // unless something else lies there
  }
}

}  // namespace intrain
