// How threads share rows of a tensor.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/rounding.h"

namespace intrain {

// Strips of `rows` rows of `channels` values: large ones for long work, as many as threads can share for short.
struct Strips {
  int64_t rows, step, count;
  Strips(int64_t rows_, int channels, int64_t times, int threads) : rows(rows_) {
    constexpr int64_t kSmallest = 1 << 14, kLargest = 1 << 16;
    const int64_t size = clamp(rows * times * channels / (8 * threads), kSmallest, kLargest);
    step = std::max<int64_t>(1, size / channels);
    count = (rows + step - 1) / step;
  }
  int64_t first(int64_t i) const { return i * step; }
  int64_t length(int64_t i) const { return std::min(step, rows - i * step); }
};

}  // namespace intrain
