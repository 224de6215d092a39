#include "data/resize.h"

#include <algorithm>
#include <cstdlib>

#include "base/rounding.h"
#include "core/check.h"

namespace intrain {

namespace {

constexpr int kFraction = 14;
// Weights of one pixel are at least 0 and sum to 2^14: 255 * 2^14 and its rounding fit s32, and so does the result u8.
static_assert((int64_t{255} << kFraction) + (1 << kFraction) < INT32_MAX);

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(rshift_round32(sum, make_shift32(kFraction))); }

}  // namespace

void Resizer::Axis::set(int source, int result) {
  if (n == source && m == result) return;
  n = source;
  m = result;
  const int64_t reach = 2 * std::max<int64_t>(n, m);  // of the triangle, to either side, in units of 1 / (2 m) source pixels
  taps = static_cast<int>(std::min<int64_t>(n, reach / m + 1));
  first.assign(static_cast<size_t>(m), 0);
  weights.assign(static_cast<size_t>(m) * static_cast<size_t>(taps), 0);
  for (int64_t i = 0; i < m; ++i) {
    const int64_t centre = (2 * i + 1) * n;
    const auto raw = [&](int64_t j) { return std::max<int64_t>(0, reach - std::abs((2 * j + 1) * m - centre)); };
    // The first j with (2 j + 1) m > centre - reach, moved so that all taps lie inside.
    const int64_t begin = std::clamp<int64_t>(div_floor(div_floor(centre - reach, m) + 1, 2), 0, n - taps);
    int64_t sum = 0;
    for (int64_t k = 0; k < taps; ++k) sum += raw(begin + k);
    int32_t* w = weights.data() + i * taps;
    int32_t missing = 1 << kFraction;
    for (int64_t k = 0; k < taps; ++k) missing -= w[k] = static_cast<int32_t>((raw(begin + k) << kFraction) / sum);
    *std::max_element(w, w + taps) += missing;
    first[static_cast<size_t>(i)] = static_cast<int32_t>(begin);
  }
}

void Resizer::begin(int from_h, int from_w, int h, int w) {
  for (const int side : {from_h, from_w, h, w}) CHECK_LT(0, side);
  rows_.set(from_h, h);
  columns_.set(from_w, w);
  narrow_.resize(size_t{3} * static_cast<size_t>(from_h) * static_cast<size_t>(w));
}

void Resizer::add_row(int y, const uint8_t* rgb) {
  CHECK_LE(0, y);
  CHECK_LT(y, rows_.n);
  const int w = columns_.m;
  uint8_t* to = narrow_.data() + int64_t{3} * y * w;
  for (int x = 0; x < w; ++x) {
    const int32_t* weights = columns_.weights.data() + int64_t{x} * columns_.taps;
    const uint8_t* source = rgb + int64_t{3} * columns_.first[static_cast<size_t>(x)];
    int32_t sum[3] = {};
    for (int k = 0; k < columns_.taps; ++k)
      for (int ch = 0; ch < 3; ++ch) sum[ch] += weights[k] * source[3 * k + ch];
    for (int ch = 0; ch < 3; ++ch) to[3 * x + ch] = rounded(sum[ch]);
  }
}

void Resizer::finish(uint8_t* dst) const {
  const int64_t row = int64_t{3} * columns_.m;
  for (int y = 0; y < rows_.m; ++y) {
    const int32_t* weights = rows_.weights.data() + int64_t{y} * rows_.taps;
    const uint8_t* source = narrow_.data() + row * rows_.first[static_cast<size_t>(y)];
    for (int64_t x = 0; x < row; ++x) {
      int32_t sum = 0;
      for (int k = 0; k < rows_.taps; ++k) sum += weights[k] * source[k * row + x];
      dst[row * y + x] = rounded(sum);
    }
  }
}

}  // namespace intrain
