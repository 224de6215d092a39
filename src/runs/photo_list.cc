#include "runs/photo_list.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "checkpoint/signature.h"
#include "core/hash.h"

namespace intrain {

namespace {

std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name)
    if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '\\')
      text += "\\\\";
    else
      text += c;
  return text;
}

std::string unescaped(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      name += text[i];
      continue;
    }
    const char c = text[++i];
    name += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return name;
}

PhotoList::Split split_of(const Dataset& set, const std::string& folder) {
  PhotoList::Split split{set.labels, {}, set.file_hashes};
  split.hashes.resize(set.files.size());
  for (const std::string& file : set.files)
    split.files.push_back(file.starts_with(folder + "/") ? file.substr(folder.size() + 1) : file);
  return split;
}

void add_text(const PhotoList::Split& split, const char* name, std::string& text) {
  for (size_t i = 0; i < split.files.size(); ++i)
    text.append(name)
        .append(" ")
        .append(std::to_string(split.labels[i]))
        .append(" ")
        .append(signature_text(split.hashes[i]))
        .append(" ")
        .append(escaped(split.files[i]))
        .append("\n");
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

std::string photo_list_text(const PhotoList& list) {
  std::string text;
  add_text(list.train, "train", text);
  add_text(list.test, "test", text);
  return text;
}

PhotoList parse_photo_list(const std::string& text) {
  PhotoList list;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) throw std::invalid_argument("its last line is cut off");
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    const size_t first = line.find(' '), second = line.find(' ', first + 1), third = line.find(' ', second + 1);
    const std::string_view name = line.substr(0, first);
    uint16_t label = 0;
    uint64_t hash = 0;
    // npos + 1 is 0: a space that is missing lets those behind it begin anew.
    const bool whole = first < second && second < third && third != std::string_view::npos && (name == "train" || name == "test");
    if (!whole) throw std::invalid_argument("it has a line that names no photo");
    const auto [end_of_label, error] = std::from_chars(line.data() + first + 1, line.data() + second, label);
    const auto [end_of_hash, hash_error] = std::from_chars(line.data() + second + 1, line.data() + third, hash, 16);
    if (error != std::errc() || end_of_label != line.data() + second || hash_error != std::errc() ||
        end_of_hash != line.data() + third)
      throw std::invalid_argument("it has a line that names no photo");
    PhotoList::Split& split = name == "train" ? list.train : list.test;
    split.labels.push_back(label);
    split.files.push_back(unescaped(line.substr(third + 1)));
    split.hashes.push_back(hash);
  }
  return list;
}

DataFingerprint fingerprint_of(const PhotoList& list) {
  return {hash_of(list.train.labels), hash_of_files(list.train), hash_of(list.test.labels), hash_of_files(list.test)};
}

DataFingerprint fingerprint_of(const DataSplits& data) {
  if (!data.train.files.empty() || !data.test.files.empty()) return fingerprint_of(photo_list_of(data));
  const auto images = [](const Dataset& set) { return hash64(set.images.data(), set.images.size()); };
  return {hash_of(data.train.labels), images(data.train), hash_of(data.test.labels), images(data.test)};
}

}  // namespace intrain
