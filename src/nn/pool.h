// Pooling layers.
#pragma once

#include "nn/layer.h"
#include "ops/pool/pool.h"

namespace intrain {

// Mean over all pixels, u8 to u8. Its input must have no other consumer.
class GlobalAveragePool final : public Layer {
 public:
  GlobalAveragePool(std::string name, Value* in, Value* out) : Layer(std::move(name)), in_(in), out_(out) {}
  void plan(LayerPlan& plan) override { number_ = static_cast<uint32_t>(plan.index); }
  void bind(const MemoryPlan&, uint8_t*) override {}
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override { forward(context); }
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override { sink.average_pool(in_, out_); }

 private:
  Value *in_, *out_;
};

class MaxPool final : public Layer {
 public:
  MaxPool(std::string name, Value* in, Value* out, const MaxPoolShape& shape)
      : Layer(std::move(name)), in_(in), out_(out), shape_(shape) {}
  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override { forward(context); }
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override { sink.max_pool(in_, out_, shape_); }

 private:
  Value *in_, *out_;
  MaxPoolShape shape_;
  int index_buffer_ = -1, sums_buffer_ = -1;
  uint8_t* index_ = nullptr;  // which tap won
  int32_t* sums_ = nullptr;   // an image a thread
};

}  // namespace intrain
