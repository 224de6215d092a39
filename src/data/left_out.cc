#include "data/left_out.h"

#include <algorithm>
#include <map>

#include "core/text.h"

namespace intrain {

namespace {

struct KindWords {
  LeftOutKind kind;
  const char *one, *many;
};
constexpr KindWords kWords[] = {
    {LeftOutKind::kUnreadable, "file that cannot be read", "files that cannot be read"},
    {LeftOutKind::kOtherKind, "file of another kind", "files of other kinds"},
    {LeftOutKind::kDeadLink, "link that leads nowhere", "links that lead nowhere"},
    {LeftOutKind::kFolder, "unreadable folder", "unreadable folders"},
    {LeftOutKind::kRepeated, "link to a folder that is read already", "links to folders that are read already"},
    {LeftOutKind::kNoClass, "file outside the class folders", "files outside the class folders"},
    {LeftOutKind::kSpecial, "device, socket or pipe", "devices, sockets or pipes"},
};
constexpr size_t kEndingsShown = 5;

std::string ending_of(const std::string& path) {
  const size_t name = path.rfind('/') + 1, dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name || dot + 1 == path.size()) return "no ending";
  std::string ending = path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return printable(ending);
}

}  // namespace

std::string endings_text(const std::vector<std::string>& paths) {
  std::map<std::string, int64_t> counts;
  for (const std::string& path : paths) ++counts[ending_of(path)];
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  int64_t rest = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i < kEndingsShown)
      text.append(i == 0 ? "" : ", ").append(sorted[i].first).append(" ").append(std::to_string(sorted[i].second));
    else
      rest += sorted[i].second;
  }
  return text + (rest > 0 ? ", others " + std::to_string(rest) : "");
}

std::string left_out_text(const std::vector<LeftOut>& list) {
  std::string text;
  for (const KindWords& words : kWords) {
    const auto count = std::count_if(list.begin(), list.end(), [&](const LeftOut& l) { return l.kind == words.kind; });
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + (count == 1 ? words.one : words.many);
    if (words.kind != LeftOutKind::kOtherKind) continue;
    std::vector<std::string> paths;
    for (const LeftOut& l : list)
      if (l.kind == words.kind) paths.push_back(l.path);
    text += " (" + endings_text(paths) + ")";
  }
  return text;
}

}  // namespace intrain
