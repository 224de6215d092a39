#include "nn/layer.h"

#include "ops/error/error.h"
#include "ops/kernels.h"

namespace intrain {

int32_t LayerContext::narrow_error(int64_t n, int16_t* error, int64_t elements, int32_t max, bool of_input) const {
  if (widths.e1 == 16) return max;
  const ErrorRandom random =
      activation_error_random(seed, step, layer_number, !of_input, first_sample + static_cast<uint32_t>(n));
  return kernels.narrow_s16({error, elements, widths.e1, widths.stochastic_e1 ? &random : nullptr});
}

void LayerContext::begin_top(const Value& in) const {
  if (reducer.ranks() == 1 || ends_pass || !in.takes_top || in.producer != static_cast<int>(layer_number) - 1) return;
  Value::Gradient& error = *in.error;
  error.top = ops::error_top(error.exp, error.max, count);
  reducer.begin(ReduceOp::kMax, {&error.top, 1});
  error.top_begun = true;
}

int64_t LayerContext::top(Value::Gradient& error) const {
  if (!error.top_begun) {
    error.top = ops::error_top(error.exp, error.max, count);
    reducer.max(&error.top, 1);
  } else {
    reducer.complete(Channel::kSmall);
    error.top_begun = false;
  }
  return error.top;
}

}  // namespace intrain
