// The colours of pictures.
#pragma once

namespace intrain {

// Shares of red, green and blue, and how opaque it is: 0 .. 1.
struct Color {
  double r, g, b, a = 1;
};
constexpr Color kInk{0.13, 0.15, 0.18}, kSoft{0.45, 0.48, 0.52}, kGrid{0.90, 0.91, 0.92}, kWhite{1, 1, 1};
// Training, forward, right; and test, backward, wrong.
constexpr Color kBlue{0.12, 0.40, 0.72}, kOrange{0.85, 0.37, 0.05};

}  // namespace intrain
