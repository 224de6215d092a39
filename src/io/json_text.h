// Names and paths in JSON: any bytes, by core/byte_text.h.
#pragma once

#include <string>
#include <vector>

#include "core/byte_text.h"

namespace intrain {

inline std::vector<std::string> to_unicode(const std::vector<std::string>& texts) {
  std::vector<std::string> list;
  for (const std::string& text : texts) list.push_back(to_unicode(text));
  return list;
}

// Json: nlohmann's. Throw its type_error unless `json` is a string, or a list of strings.
template <class Json>
void get_text(const Json& json, std::string& text) {
  text = from_unicode(json.template get_ref<const std::string&>());
}
template <class Json>
void get_text(const Json& json, std::vector<std::string>& texts) {
  texts.clear();
  for (const std::string& text : json.template get<std::vector<std::string>>()) texts.push_back(from_unicode(text));
}

}  // namespace intrain
