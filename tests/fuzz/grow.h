// Long inputs made of short ones: what byte-wise changes do not reach in any time. Nested a hundred thousand times, as many members with names
// of their own, a piece again and again, sizes that claim what is not there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace intrain::test {

// One change, to at most `most` bytes.
inline void grow(std::vector<uint8_t>& bytes, size_t most, std::mt19937& random) {
  if (bytes.size() >= most) return;
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  const size_t room = most - bytes.size(), at = below(bytes.size() + 1);
  const auto insert = [&](const std::string& text) {
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), text.begin(), text.end());
  };
  // As many as a length drawn evenly among the powers of two holds.
  const auto times = [&](size_t piece) { return std::max<size_t>(1, (room >> below(16)) / std::max<size_t>(1, piece)); };
  std::string text;
  switch (below(5)) {
    case 0: {  // nested
      constexpr const char* kPairs[][2] = {{"[", "]"},   {"{\"a\":", "}"}, {"[{\"a\":", "}]"}, {"{a=", "}"},
                                           {"[[", "]]"}, {"a.", ""},       {"\"a\".", ""}};
      const auto& pair = kPairs[below(std::size(kPairs))];
      const std::string open = pair[0], close = below(4) == 0 ? "" : pair[1];
      const size_t count = times(open.size() + close.size());
      for (size_t i = 0; i < count; ++i) text += open;
      for (size_t i = 0; i < count; ++i) text += close;
      return insert(text);
    }
    case 1: {  // members
      constexpr const char* kEnds[] = {"\":0,\"", "\":{},\"", " = 1\nk", ",", "]\n[k", "\",\""};
      const std::string end = kEnds[below(std::size(kEnds))];
      const size_t count = times(end.size() + 6);
      for (size_t i = 0; i < count; ++i) text += std::to_string(i) + end;
      return insert(text);
    }
    case 2: {  // a piece of the input
      const size_t begin = below(bytes.size()), length = std::min(bytes.size() - begin, 1 + below(256));
      const std::string piece(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                              bytes.begin() + static_cast<std::ptrdiff_t>(begin + length));
      for (size_t i = times(length); i > 0; --i) text += piece;
      return insert(text);
    }
    case 3: {  // a decimal number
      const auto digit = [](uint8_t c) { return c >= '0' && c <= '9'; };
      const auto first =
          std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at, bytes.size())), bytes.end(), digit);
      const auto last = std::find_if_not(first, bytes.end(), digit);
      constexpr const char* kNumbers[] = {"0",     "-1",    "16384", "2147483647", "4294967296", "9223372036854775807",
                                          "1e308", "1e-320"};
      const std::string number = kNumbers[below(std::size(kNumbers))];
      const auto place = bytes.erase(first, last);
      bytes.insert(place, number.begin(), number.end());
      return;
    }
    case 4: {  // a size in four or eight bytes
      constexpr uint64_t kSizes[] = {UINT64_MAX, INT64_MAX, UINT32_MAX, INT32_MAX, uint64_t{1} << 32, uint64_t{1} << 24, 65535};
      const uint64_t size = kSizes[below(std::size(kSizes))];
      const size_t width = below(2) == 0 ? 4 : 8;
      if (bytes.size() >= width) std::memcpy(bytes.data() + below(bytes.size() - width + 1), &size, width);
      return;
    }
  }
}

}  // namespace intrain::test
