// Numbers as flags take them: decimal, and the whole text. The parser of the flags alone would read 0777 as octal, '' as 0, and 2^64 as
// 2^64 - 1.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/error.h"

namespace intrain::cli {

// T: an integer type, or double. Nothing if `text` is not a number, or T does not hold it; nan and inf are numbers of double, which ranges
// refuse.
template <class T>
std::optional<T> read_decimal(std::string_view text) {
  if constexpr (std::is_integral_v<T>) {
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.size() > 1 && digits.starts_with('0')) return {};  // ten, or octal eight?
  }
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// The number that `flag` is given as. Throws Error if it is none.
template <class T>
T decimal(const std::string& flag, const std::string& text) {
  if (const std::optional<T> value = read_decimal<T>(text)) return *value;
  if constexpr (std::is_integral_v<T>)
    throw Error(
        "'" + text + "' is not a whole number that it can take", flag,
        "write it in decimal digits, without leading zeros or spaces; at most " + std::to_string(std::numeric_limits<T>::max()));
  else
    throw Error("'" + text + "' is not a number that it can take", flag, "write it in decimal digits, like 0.05, 1e-4 or 2");
}

// A flag whose value goes to `value`: an integer, a double, or an optional of these.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& flag, T& value, const std::string& help) {
  return app.add_option(flag, value, help)
      ->check(
          [flag](const std::string& text) {
            decimal<T>(flag, text);
            return std::string();
          },
          "", "");
}
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& flag, std::optional<T>& value, const std::string& help) {
  return app.add_option_function<std::string>(
      flag, [flag, &value](const std::string& text) { value = decimal<T>(flag, text); }, help);
}

// The same for a list of numbers, with commas between them.
inline CLI::Option* add_numbers(CLI::App& app, const std::string& flag, std::vector<double>& values, const std::string& help) {
  const auto store = [flag, &values](const std::vector<std::string>& texts) {
    values.clear();
    for (const std::string& text : texts)
      for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        values.push_back(decimal<double>(flag, text.substr(begin, end - begin)));
        begin = end + 1;
      }
  };
  return app.add_option_function<std::vector<std::string>>(flag, store, help);
}

}  // namespace intrain::cli
