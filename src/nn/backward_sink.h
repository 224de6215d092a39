// The end of a backward-data pass: each image's wide sums become E1 of the layer's input.
#pragma once

#include "base/api.h"
#include "base/image_sink.h"
#include "nn/layer.h"

namespace intrain {

// Adds to what other consumers have left in `value.error`. `exp`: of the sums. last: no more comes from this layer, so E1 takes its
// width.
class INTRAIN_API ErrorSink final : public ImageSink {
 public:
  ErrorSink(const LayerContext& context, Value& value, int exp, bool last = true)
      : context_(context), value_(value), exp_(exp), last_(last) {}

  void image(int n, const int32_t* sums, uint32_t max) override;

 private:
  const LayerContext& context_;
  Value& value_;
  int exp_;
  bool last_;
};

}  // namespace intrain
