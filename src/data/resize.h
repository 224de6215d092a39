// Photos scaled to the size of the net's input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace intrain {

class Resizer {
 public:
  // Makes h x w pixels of from_h x from_w, whose rows may then be added in any order, each once: rgb [from_w][3]. After the last one dst is
  // [h][w][3]. Each pixel is a weighted mean under a triangle (linear interpolation when it enlarges; as wide as the ratio when it
  // shrinks, so that no pixel is passed over), along the rows, rounded to u8, then along the columns. With n source pixels for m of
  // the result, source pixel j has in result pixel i the weight
  //   max(0, 2 max(n, m) - |(2 j + 1) m - (2 i + 1) n|)
  // in units of 2^-14 of their sum, rounded down, what is then missing given to the largest (the first of equal ones). Rounding to
  // nearest, ties to even. All in integers.
  void begin(int from_h, int from_w, int h, int w);
  void add_row(int y, const uint8_t* rgb);
  void finish(uint8_t* dst) const;
  // What it holds for the next photo.
  size_t memory_bytes() const { return narrow_.capacity() + rows_.memory_bytes() + columns_.memory_bytes(); }

 private:
  // Result pixel i is the sum of weights[i taps + k] * source[first[i] + k], k < taps (0 past the last one that counts).
  struct Axis {
    int n = 0, m = 0, taps = 0;
    std::vector<int32_t> first, weights;
    void set(int source, int result);
    size_t memory_bytes() const { return (first.capacity() + weights.capacity()) * sizeof(int32_t); }
  };
  Axis rows_, columns_;
  std::vector<uint8_t> narrow_;  // [rows_.n][columns_.m][3]: rows of the result's width
};

}  // namespace intrain
