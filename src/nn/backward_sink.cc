#include "nn/backward_sink.h"

#include "ops/kernels.h"

namespace intrain {

void ErrorSink::image(int n, const int32_t* sums, uint32_t max) {
  Value::Gradient& error = *value_.error;
  const int64_t count = value_.elements();
  const size_t i = static_cast<size_t>(n);
  const uint32_t addend_max = error.written ? static_cast<uint32_t>(error.max[i]) : 0;
  const ops::ErrorScale scale = ops::error_scale(max, exp_, addend_max, error.exp[i]);
  int16_t* dst = error.data + n * count;
  error.max[i] = context_.kernels.error_stage({sums, addend_max != 0 ? dst : nullptr, scale, count, dst});
  if (last_) error.max[i] = context_.narrow_error(n, dst, count, error.max[i]);
  error.exp[i] = scale.exp;
}

}  // namespace intrain
