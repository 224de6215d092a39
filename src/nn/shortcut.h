// The shortcut without parameters: a value of fewer pixels and more channels, the new ones zero.
#pragma once

#include "nn/layer.h"
#include "ops/shortcut/shortcut.h"

namespace intrain {

class PadShortcut final : public Layer {
 public:
  PadShortcut(std::string name, Value* in, Value* out, const PadShortcutShape& shape)
      : Layer(std::move(name)), in_(in), out_(out), shape_(shape) {}
  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override { forward(context); }
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override { sink.pad_shortcut(in_, out_, shape_); }

 private:
  Value *in_, *out_;
  PadShortcutShape shape_;
  int sums_buffer_ = -1;
  int32_t* sums_ = nullptr;  // an image a thread
};

}  // namespace intrain
