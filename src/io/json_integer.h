// Integers from JSON: nlohmann's own conversion casts whatever number there is, which is undefined where it does not fit.
#pragma once

#include <cstdint>
#include <utility>

namespace intrain {

// Json: nlohmann's. Throws its type_error unless `json` is a whole number that Integer can hold.
template <class Integer, class Json>
void get_integer(const Json& json, Integer& value) {
  if (json.is_number_unsigned()) {
    const auto number = json.template get<uint64_t>();
    if (std::in_range<Integer>(number)) {
      value = static_cast<Integer>(number);
      return;
    }
  } else if (json.is_number_integer()) {
    const auto number = json.template get<int64_t>();
    if (std::in_range<Integer>(number)) {
      value = static_cast<Integer>(number);
      return;
    }
  }
  throw Json::type_error::create(302, "it is no whole number, or too large a one", &json);
}

template <class Integer, class Json>
Integer integer_of(const Json& json) {
  Integer value;
  get_integer(json, value);
  return value;
}

}  // namespace intrain
