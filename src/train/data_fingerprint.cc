#include "train/data_fingerprint.h"

#include "core/hash.h"

namespace intrain {

namespace {

PhotoList::Split split_of(const Dataset& set, const std::string& folder) {
  PhotoList::Split split{set.labels, {}, set.file_hashes};
  split.hashes.resize(set.files.size());
  for (const std::string& file : set.files)
    split.files.push_back(file.starts_with(folder + "/") ? file.substr(folder.size() + 1) : file);
  return split;
}

uint64_t hash_of(const std::vector<uint16_t>& labels) { return hash64(labels.data(), labels.size() * sizeof(uint16_t)); }

uint64_t hash_of_files(const PhotoList::Split& split) {
  Hash64 hash;
  for (const std::string& name : split.files) hash.add(name.c_str(), name.size() + 1);  // with its zero, which no name holds
  hash.add(split.hashes.data(), split.hashes.size() * sizeof(uint64_t));
  return hash.digest();
}

}  // namespace

PhotoList photo_list_of(const DataSplits& data) { return {split_of(data.train, data.folder), split_of(data.test, data.folder)}; }

DataFingerprint fingerprint_of(const PhotoList& list) {
  return {hash_of(list.train.labels), hash_of_files(list.train), hash_of(list.test.labels), hash_of_files(list.test)};
}

DataFingerprint fingerprint_of(const DataSplits& data) {
  if (!data.train.files.empty() || !data.test.files.empty()) return fingerprint_of(photo_list_of(data));
  const auto images = [](const Dataset& set) { return hash64(set.images.data(), set.images.size()); };
  return {hash_of(data.train.labels), images(data.train), hash_of(data.test.labels), images(data.test)};
}

}  // namespace intrain
