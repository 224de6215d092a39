// Convolution, batch normalization, optional residual sum, optional activation: one layer, so that the wide convolution output lives
// only inside it. Kept for backward: the input (its producer's), and x_hat unless it is formed again (Net::recompute).
#pragma once

#include "nn/batch_norm.h"
#include "nn/conv_layer.h"

namespace intrain {

class ConvBn final : public ConvLayer {
 public:
  // shortcut: null, or a value of the output's shape, added before the activation; not with Activation::kNone. out: of the
  // kind that the activation says.
  ConvBn(std::string name, Value* in, Value* shortcut, Value* out, const ConvShape& shape, Activation activation);

  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void reset_statistics() override { norm_.reset_statistics(); }
  void quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override;
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override { sink.conv_bn(convolution(), norm_.describe()); }
  void parameters(std::vector<Parameter*>& list) override;
  void state(std::vector<StateArray>& list) override { norm_.state(list); }

 private:
  class Again;

  void backward_batch_norm(const LayerContext& context);

  Value* shortcut_;
  BatchNorm norm_;
  int staged_buffer_ = -1;
  int16_t* staged_ = nullptr;
};

}  // namespace intrain
