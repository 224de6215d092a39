// The layers of pre-activation nets (He et al., "Identity mappings in deep residual networks", figure 1b): a convolution whose output
// is added to the residual stream before any batch norm; then batch norm and ReLU of the stream, which the next block reads. The
// stream lives until the sum that reads it, and no longer: kept for backward are the input and, always, x_hat.
#pragma once

#include "nn/batch_norm.h"
#include "nn/conv_layer.h"

namespace intrain {

class StreamConv final : public ConvLayer {
 public:
  // stream = convolution + addend, at an exponent that the running statistics of all that it goes into choose anew in
  // quantize_parameters(); out = ReLU(batch norm(stream)). addend: null, or a kStream or kActivation of that shape, which shares the stream's
  // error. out: null for a shortcut's convolution, which is only added.
  StreamConv(std::string name, Value* in, Value* addend, Value* stream, Value* out, const ConvShape& shape);

  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void reset_statistics() override;
  void quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override;
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override;
  void parameters(std::vector<Parameter*>& list) override;
  void state(std::vector<StateArray>& list) override;

 private:
  class Sink;

  void add(const ops::Kernels& kernels, int64_t first, int64_t pixels, int16_t* staged) const;
  void backward_batch_norm(const LayerContext& context);
  void quantize_error(const LayerContext& context);

  Value *addend_, *stream_;
  std::optional<BatchNorm> norm_;
  bool read_ = false;  // the stream, by a later layer
  int stream_buffer_ = -1;
};

}  // namespace intrain
