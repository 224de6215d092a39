#include "settings/setting_list.h"

#include <algorithm>
#include <type_traits>

#include "core/check.h"
#include "core/parallel.h"
#include "settings/allowed.h"
#include "settings/number_text.h"

namespace intrain {

namespace {

// "a, b or c" of "a|b|c".
std::string in_words(const std::string& words) {
  std::string text;
  for (size_t begin = words.starts_with('|') ? 1 : 0; begin < words.size();) {
    const size_t end = std::min(words.find('|', begin), words.size());
    if (!text.empty()) text += end < words.size() ? ", " : " or ";
    text += words.substr(begin, end - begin);
    begin = end + 1;
  }
  return text;
}

std::string range_of(Any, bool) { return ""; }
std::string range_of(Whole a, bool) { return "a whole number from " + std::to_string(a.min) + " to " + std::to_string(a.max); }
std::string range_of(Number a, bool list) {
  return std::string(a.or_zero ? "0, or " : "") + (list ? "numbers from " : "a number from ") + number_text(a.min) + " to " +
         (a.below ? "below " : "") + number_text(a.max) + a.unit;
}
std::string range_of(OneOf a, bool) { return in_words(a.words); }
std::string range_of(AtMost a, bool) { return "at most " + std::to_string(a.count) + " " + a.what; }

template <class Allowed>
std::string words_of(Allowed allowed, const char* otherwise) {
  if constexpr (std::is_same_v<Allowed, OneOf>)
    return allowed.words[0] == '|' ? allowed.words + 1 : allowed.words;
  else
    return otherwise;
}

}  // namespace

const std::vector<SettingInfo>& setting_list() {
  static const std::vector<SettingInfo> list = {
#define INTRAIN_SETTING(type, name, initial, allowed, traits, placeholder, help, otherwise)                \
  {#name,    std::is_same_v<type, bool>,     range_of(allowed, std::is_same_v<type, std::vector<double>>), \
   traits,   words_of(allowed, placeholder), help,                                                         \
   otherwise},
#include "settings/settings.def"
#undef INTRAIN_SETTING
  };
  return list;
}

const SettingInfo& setting_info(const std::string& key) {
  const std::vector<SettingInfo>& list = setting_list();
  const auto row = std::find_if(list.begin(), list.end(), [&](const SettingInfo& info) { return info.key == key; });
  CHECK_TRUE(row != list.end());
  return *row;
}

}  // namespace intrain
