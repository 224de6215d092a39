// One batch, ready for the net.
#pragma once

#include <cstdint>
#include <vector>

namespace intrain {

struct Batch {
  int count = 0;               // images in use; the vectors may be longer
  std::vector<int8_t> images;  // [count][h][w][c], exponent kInputExp
  std::vector<int32_t> labels;
  // Of images that are mixed from two (data/mixup.h): the other's label, and its share of the image in 2^-8, 0 .. 256; both empty where none is.
  std::vector<int32_t> other_labels = {}, other_shares = {};
  // Where several ranks make a step: these are images first .. first + count - 1 of `total`. 0: the batch is all there is.
  int first = 0, total = 0;

  int whole() const { return total == 0 ? count : total; }
};

}  // namespace intrain
