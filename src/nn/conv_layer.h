// What layers with a convolution share: its weights, its three products, and their memory.
#pragma once

#include "nn/layer.h"
#include "nn/packed_weights.h"
#include "nn/planned_array.h"
#include "nn/product_error.h"
#include "ops/conv2d/conv2d_op.h"

namespace intrain {

class ConvLayer : public Layer {
 public:
  std::optional<LayerProduct> product() const override { return LayerProduct{shape_, in_->error != nullptr}; }

 protected:
  ConvLayer(std::string name, Value* in, const ConvShape& shape);

  void plan_convolution(LayerPlan& plan, bool again = false);
  void bind_convolution(const MemoryPlan& plan, uint8_t* memory);
  void weights_changed() { packed_.changed(); }  // after each change of weight8_
  // The staged output, by shift_; the sink may be null.
  void multiply(const LayerContext& context, int16_t* staged, bool strips, ops::StripSink* sink);
  // The staged strips of the last forward pass again, in its backward pass, if that was planned. Of the sink's, meanwhile: a byte for each output of
  // a strip, a thread.
  bool multiplies_again() const { return again_.scratch_bytes > 0; }
  void multiply_again(const LayerContext& context, ops::StripSink& sink);
  uint8_t* again_scratch(int thread) const { return again_.scratch + static_cast<size_t>(thread) * again_.scratch_bytes; }
  // Whether E2 is read: not where W is frozen and the input needs no error.
  bool goes_back() const { return goes_back_; }
  // From E2 to the gradient of W, which is finished, and E1 of the input.
  void multiply_back(const LayerContext& context);
  ConvGraph convolution() const { return {in_, shape_, weight8_, weight_exp_, shift_}; }
  int64_t out_elements() const { return shape_.dst_pixels() * shape_.k; }

  Value* in_;
  ConvShape shape_;
  ops::Conv2d conv_;
  Parameter weight_;

  // Derived from the parameters.
  PlannedArray<int8_t> weight8_;
  int weight_exp_ = 0;
  PlannedArray<int32_t> shift_;  // staging, a channel

  ProductError e2_;

 private:
  PackedWeights packed_;
  bool goes_back_ = false;
  int forward_buffer_ = -1, backward_buffer_ = -1;
  uint8_t *forward_workspace_ = nullptr, *backward_workspace_ = nullptr;
  // Of multiply_again(), in the backward workspace, which nothing else uses so early.
  struct Again {
    uint8_t *packed, *workspace, *strips, *scratch;
    size_t scratch_bytes;  // a thread
  } again_{};
};

}  // namespace intrain
