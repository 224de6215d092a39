// One batch, ready for the net.
#pragma once

#include <cstdint>
#include <vector>

namespace intrain {

struct Batch {
  int count = 0;               // images in use; the vectors may be longer
  std::vector<int8_t> images;  // [count][h][w][c], exponent kInputExp
  std::vector<int32_t> labels;
};

}  // namespace intrain
