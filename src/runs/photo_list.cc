#include "runs/photo_list.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "checkpoint/signature.h"

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

}  // namespace

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

}  // namespace intrain
