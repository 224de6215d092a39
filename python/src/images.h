// Images of the caller's through a net that is prepared.
#pragma once

#include <cstdint>
#include <vector>

#include "arrays.h"
#include "data/dataset.h"
#include "nn/net.h"
#include "train/test_logits.h"

namespace intrain::python {

// Throws Error unless they are of the net's shape.
void check_images(const Net& net, const ImageArray& images);

// The logits [n][classes] that evaluation gives them, and their exponent, `batch` at a time. Without the GIL.
struct Logits {
  std::vector<int32_t> values;
  int exp = 0;
};
Logits logits_of(Net& net, const Normalization& norm, const TestViews& views, const uint8_t* images, int64_t count, int batch,
                 const std::atomic<int>* stop);

}  // namespace intrain::python
