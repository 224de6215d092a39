#include "data/cifar.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "core/error.h"
#include "data/paths.h"

namespace intrain {

namespace {

constexpr int kSide = 32, kPlane = kSide * kSide, kPixels = 3 * kPlane;
constexpr int kMaxRecords = 1 << 20;        // of one file
constexpr int kMostOfTheOriginal = 50'000;  // likewise: CIFAR-100's train.bin

struct Close {
  void operator()(std::FILE* f) const { std::fclose(f); }
};

void append(const std::string& path, CifarKind kind, Dataset& set, std::vector<uint8_t>& images) {
  const int label_bytes = kind == CifarKind::kCifar10 ? 1 : 2;
  const size_t record_bytes = static_cast<size_t>(label_bytes + kPixels);
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file)
    throw Error(std::string("cannot open the file: ") + std::strerror(errno), path, "DIR must hold the binary version of CIFAR");
  std::vector<uint8_t> record(record_bytes);
  for (int index = 0;; ++index) {
    const size_t got = std::fread(record.data(), 1, record_bytes, file.get());
    if (std::ferror(file.get()))
      throw Error(std::string("cannot read the file: ") + std::strerror(errno), path, "check the disk");
    if (got == 0 && index > 0) return;
    if (got < record_bytes)
      throw Error("truncated CIFAR file: record " + std::to_string(index) + " has " + std::to_string(got) + " of " +
                      std::to_string(record_bytes) + " bytes",
                  path, "the file is damaged or of the other kind (CIFAR-10 or CIFAR-100): fetch it again");
    if (index == kMaxRecords) throw Error("more than 2^20 records", path, "is this a CIFAR file?");
    const int label = record[static_cast<size_t>(label_bytes - 1)];
    if (label >= set.classes)
      throw Error("label " + std::to_string(label) + " of image " + std::to_string(index) + " is out of range 0.." +
                      std::to_string(set.classes - 1),
                  path, "the file is damaged or of the other kind (CIFAR-10 or CIFAR-100): fetch it again");
    set.labels.push_back(static_cast<uint16_t>(label));
    const size_t at = images.size();
    images.resize(at + kPixels);
    const uint8_t* planes = record.data() + label_bytes;
    uint8_t* image = images.data() + at;
    for (int p = 0; p < kPlane; ++p)
      for (int ch = 0; ch < 3; ++ch) image[3 * p + ch] = planes[ch * kPlane + p];
    ++set.count;
  }
}

}  // namespace

Dataset read_cifar(const std::vector<std::string>& paths, CifarKind kind) {
  Dataset set;
  set.h = set.w = kSide;
  set.c = 3;
  set.classes = kind == CifarKind::kCifar10 ? 10 : 100;
  // All at once: to grow is to copy. Of a file that is none the reading tells.
  constexpr size_t kRecord = kPixels + 1;
  size_t records = 0;
  for (const std::string& path : paths) {
    std::error_code ignored;
    const uintmax_t bytes = std::filesystem::file_size(path, ignored);
    if (!ignored) records += static_cast<size_t>(std::min<uintmax_t>(bytes / kRecord, kMostOfTheOriginal));
  }
  std::vector<uint8_t> images;
  images.reserve(records * kPixels);
  for (const std::string& path : paths) append(path, kind, set, images);
  set.images = std::move(images);
  return set;
}

std::vector<std::string> read_class_names(const std::string& path) {
  std::vector<std::string> names;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  return names;
}

DataSplits load_cifar(const std::string& dir, CifarKind kind) {
  const bool ten = kind == CifarKind::kCifar10;
  check_folder(dir, ten ? "DIR must hold data_batch_1.bin to data_batch_5.bin and test_batch.bin"
                        : "DIR must hold train.bin and test.bin");
  DataSplits data;
  std::vector<std::string> train = {dir + "/train.bin"};
  if (ten) {
    train.clear();
    for (int i = 1; i <= 5; ++i) train.push_back(dir + "/data_batch_" + std::to_string(i) + ".bin");
  }
  data.train = read_cifar(train, kind);
  data.test = read_cifar({dir + (ten ? "/test_batch.bin" : "/test.bin")}, kind);
  data.class_names = read_class_names(dir + (ten ? "/batches.meta.txt" : "/fine_label_names.txt"));
  if (static_cast<int>(data.class_names.size()) != data.train.classes) data.class_names.clear();
  return data;
}

}  // namespace intrain
