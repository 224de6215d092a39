// The end of a backward-data pass: each image's wide sums become E1 of the layer's input.
#pragma once

#include "base/api.h"
#include "nn/layer.h"
#include "ops/image_sink.h"

namespace intrain {

// Adds to what other consumers have left in `value.error`. `exp`: of the sums. last: no more comes from this layer, so E1 takes its
// width.
class INTRAIN_API ErrorSink final : public ops::ImageSink {
 public:
  ErrorSink(const LayerContext& context, Value& value, int exp, bool last = true)
      : context_(context), value_(value), exp_(exp), last_(last) {}

  void image(int n, const int32_t* sums, uint32_t max) override {
    Value::Error& error = *value_.error;
    const int64_t count = value_.elements();
    const size_t i = static_cast<size_t>(n);
    const uint32_t addend_max = error.written ? static_cast<uint32_t>(error.max[i]) : 0;
    const ops::ErrorScale scale = ops::error_scale(max, exp_, addend_max, error.exp[i]);
    int16_t* dst = error.data + n * count;
    error.max[i] = context_.kernels.error_stage({sums, addend_max != 0 ? dst : nullptr, scale, count, dst});
    if (last_) error.max[i] = context_.narrow_error(n, dst, count, error.max[i]);
    error.exp[i] = scale.exp;
  }

 private:
  const LayerContext& context_;
  Value& value_;
  int exp_;
  bool last_;
};

}  // namespace intrain
