// W as the forward pass multiplies it. A net that only evaluates packs it once after each change; a training net packs it in every
// pass, because the next step changes it anyway and its memory serves other layers in between.
#pragma once

#include <string>

#include "nn/layer.h"
#include "ops/conv2d/conv2d_op.h"

namespace intrain {

class PackedWeights {
 public:
  void plan(LayerPlan& plan, const std::string& layer, const ops::Conv2d& product) {
    kept_ = !plan.training;
    buffer_ = kept_ ? plan.memory.add(layer + ".packed", product.packed_bytes(), 0, plan.layers)
                    : plan.forward_buffer(layer + ".packed", product.packed_bytes());
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) { data_ = plan.address(memory, buffer_); }
  void changed() { valid_ = false; }
  const uint8_t* get(const LayerContext& context, const ops::Conv2d& product, const int8_t* wei) {
    if (!valid_) product.pack_weights(context.pool, wei, data_);
    valid_ = kept_;
    return data_;
  }

 private:
  bool kept_ = false, valid_ = false;
  int buffer_ = -1;
  uint8_t* data_ = nullptr;
};

}  // namespace intrain
