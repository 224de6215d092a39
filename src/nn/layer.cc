#include "nn/layer.h"

#include "ops/kernels.h"

namespace intrain {

int32_t LayerContext::narrow_error(int64_t n, int16_t* error, int64_t elements, int32_t max, bool of_input) const {
  if (widths.e1 == 16) return max;
  const ErrorRandom random =
      activation_error_random(seed, step, layer_number, !of_input, first_sample + static_cast<uint32_t>(n));
  return kernels.narrow_s16({error, elements, widths.e1, widths.stochastic_e1 ? &random : nullptr});
}

}  // namespace intrain
