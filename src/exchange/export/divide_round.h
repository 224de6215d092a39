// Division with rounding to nearest, ties to even, from what ONNX has: an integer Div, which truncates toward zero.
//
// For whole v and d >= 1,
//   div_round(v, d) = floor((v + a) / (2 d)) + floor((v + b) / (2 d)),  a = floor(d / 2),  b = floor((3 d - 1) / 2)
// Proof. With half-up U = floor((2 v + d) / (2 d)) and half-down D = floor((2 v + d - 1) / (2 d)), floor(U / 2) + floor((D + 1) / 2) is U
// where U = D; at a tie, where U = D + 1, it is 2 floor(U / 2), the even one of the two. Nested floors are one: floor(U / 2) = floor((2 v +
// d) / (4 d)) = floor((v + a) / (2 d)), for 2 v is even; the other likewise.
//
// Truncation is the floor of what is not negative: both numerators are raised by 2 d k, so that each quotient is k larger.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/rounding.h"

namespace intrain {

// div_round(v, d) = (v + first) / divisor + (v + second) / divisor - 2 k, for v in [low, high]; the numerators lie in [0, most].
struct DivideRound {
  int64_t first, second, divisor, excess;
  int64_t most;
};
// |low|, |high| <= 2^60, 1 <= d <= 2^31.
constexpr DivideRound divide_round(int64_t low, int64_t high, int64_t d) {
  const int64_t k = low < 0 ? (-low + 2 * d - 1) / (2 * d) : 0;
  const int64_t raise = 2 * d * k, second = (3 * d - 1) / 2 + raise;
  return {d / 2 + raise, second, 2 * d, 2 * k, high + second};
}

}  // namespace intrain
