// The order of weights: files have the pixels of a channel together, we the channels of a pixel.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace intrain {

// [rows][first][second] as [rows][second][first].
template <class T>
std::vector<T> swap_axes(std::span<const T> values, int64_t first, int64_t second) {
  std::vector<T> result(values.size());
  const int64_t row = first * second;
  for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i) {
    const int64_t in_row = i % row;
    result[static_cast<size_t>(i - in_row + in_row % second * first + in_row / second)] = values[static_cast<size_t>(i)];
  }
  return result;
}

}  // namespace intrain
