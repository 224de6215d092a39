// Images of the caller's through a net that is prepared.
#pragma once

#include <cstdint>
#include <vector>

#include "arrays.h"
#include "data/dataset.h"
#include "nn/net.h"

namespace intrain::python {

// Throws Error unless they are of the net's shape.
void check_images(const Net& net, const ImageArray& images);

// The logits [n][classes] that evaluation gives them, `batch` at a time. Without the GIL.
std::vector<int32_t> logits_of(Net& net, const Normalization& norm, const uint8_t* images, int64_t count, int batch,
                               const std::atomic<int>* stop);

}  // namespace intrain::python
