// Where a backward pass leaves the wide sums of the error of its input, image by image.
#pragma once

#include <cstdint>

#include "base/api.h"

namespace intrain {

// What backward data calls for each image when its sums are complete, with their largest magnitude; on several threads.
class INTRAIN_API ImageSink {
 public:
  virtual void image(int image, const int32_t* diff_src, uint32_t max) = 0;

 protected:
  ~ImageSink() = default;
};

}  // namespace intrain
