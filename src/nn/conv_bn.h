// Convolution, batch normalization, optional residual sum, optional ReLU: one layer, so that the wide convolution output lives
// only inside it. Kept for backward: the input (its producer's) and x_hat.
#pragma once

#include "nn/layer.h"
#include "nn/packed_weights.h"
#include "nn/product_error.h"
#include "ops/conv2d/conv2d_op.h"

namespace intrain {

class ConvBn final : public Layer {
 public:
  // shortcut: null, or a value of the output's shape, added before the ReLU; only with relu. Without relu the output is
  // kNormalized.
  ConvBn(std::string name, Value* in, Value* shortcut, Value* out, const ops::ConvShape& shape, bool relu);

  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void reset_statistics() override;
  void quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override;
  void backward(const LayerContext& context) override;
  void parameters(std::vector<Parameter*>& list) override;
  void state(std::vector<StateArray>& list) override;
  std::optional<LayerProduct> product() const override { return LayerProduct{shape_, in_->error != nullptr}; }

 private:
  class EvaluateSink;

  void add_thread_sums();  // into those of thread 0
  void statistics(const LayerContext& context);
  void set_affine(int c, int64_t mean_q16, int64_t var_q16);
  void normalize_and_activate(const LayerContext& context, int64_t first, int64_t rows, const int16_t* staged,
                              int8_t* x_hat) const;
  void backward_batch_norm(const LayerContext& context);
  // Exponent of channel c of the staged convolution output.
  int staged_exp(int c) const { return in_->exp + weight_exp_ + shift_[static_cast<size_t>(c)]; }

  Value *in_, *shortcut_, *out_;
  ops::ConvShape shape_;
  bool relu_;
  ops::Conv2d conv_;
  Parameter weight_, gamma_, beta_;
  std::vector<int64_t> running_mean_, running_var_;  // kRunningExp

  // Derived from the parameters.
  std::vector<int8_t> weight8_, gamma8_, beta8_;
  PackedWeights packed_;
  int weight_exp_ = 0;
  std::vector<int32_t> shift_;  // staging, a channel

  // Per channel, of the last pass.
  std::vector<uint32_t> sigma_;
  std::vector<int32_t> mult_, offset_, affine_shift_, k_, b_, a_, align_;
  std::vector<int64_t> sums_, l1_, kappa_;  // sums_: [threads][2][channels]
  ProductError e2_;
  bool folded_ = false;  // mult_, offset_ and affine_shift_ are those of the running statistics

  int grad_buffer_[3] = {-1, -1, -1};
  int staged_buffer_ = -1, conv_buffer_ = -1, x_hat_buffer_ = -1, backward_buffer_ = -1;
  int16_t* staged_ = nullptr;
  uint8_t *conv_workspace_ = nullptr, *backward_workspace_ = nullptr;
  int8_t* x_hat_ = nullptr;
};

}  // namespace intrain
