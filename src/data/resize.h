// A window of a photo, scaled to the size of the net's input.
#pragma once

#include <cstdint>
#include <vector>

#include "data/photo.h"

namespace intrain {

struct Window {
  int y, x, h, w;  // top left corner and size, in pixels; inside the photo
};

class Resizer {
 public:
  // dst [h][w][3]. Each pixel is a weighted mean under a triangle (linear interpolation when it enlarges; as wide as the ratio when it
  // shrinks, so that no pixel is passed over), along the rows, rounded to u8, then along the columns. With n source pixels for m of
  // the result, source pixel j has in result pixel i the weight
  //   max(0, 2 max(n, m) - |(2 j + 1) m - (2 i + 1) n|)
  // in units of 2^-14 of their sum, rounded down, what is then missing given to the largest (the first of equal ones). Rounding to
  // nearest, ties to even. All in integers.
  void resize(const Photo& photo, const Window& window, int h, int w, uint8_t* dst);

 private:
  // Result pixel i is the sum of weights[i taps + k] * source[first[i] + k], k < taps (0 past the last one that counts).
  struct Axis {
    int n = 0, m = 0, taps = 0;
    std::vector<int32_t> first, weights;
    void set(int source, int result);
  };
  Axis rows_, columns_;
  std::vector<uint8_t> narrow_;  // window.h rows of the result's width
};

}  // namespace intrain
