#include "ops/conv2d/staging.h"

#include "base/rounding.h"

namespace intrain::ops {

void staging_shifts(const ConvShape& shape, const int8_t* wei, int32_t* shift) {
  for (int k = 0; k < shape.k; ++k) {
    int64_t l1 = 0;
    for (int64_t i = 0; i < shape.fan_in(); ++i) l1 += static_cast<int64_t>(magnitude(wei[k * shape.fan_in() + i]));
    shift[k] = staging_shift(staging_amax(shape.signed_src), l1);
  }
}

}  // namespace intrain::ops
