// A product and a bias, without batch norm: fully connected layers on the flattened input, a hidden one with ReLU and the head that ends in logits;
// and a convolution with ReLU, which is the hidden layer at each pixel.
#pragma once

#include "nn/layer.h"
#include "nn/packed_weights.h"
#include "nn/planned_array.h"
#include "nn/product_error.h"
#include "ops/conv2d/conv2d_op.h"

namespace intrain {

// What both share: W in 8 bits, the bias at the accumulator's exponent, the two products of the backward pass.
class Linear : public Layer {
 public:
  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) override;
  void parameters(std::vector<Parameter*>& list) override;
  std::optional<LayerProduct> product() const override { return LayerProduct{shape_, in_->error != nullptr}; }

 protected:
  // Fully connected, or a convolution.
  Linear(std::string name, Value* in, int outputs);
  Linear(std::string name, Value* in, const ConvShape& shape);

  virtual int acc_last_use(const LayerPlan& plan) const { return plan.forward_time(); }
  void multiply(const LayerContext& context);                              // acc_ = input times W, without bias
  int64_t out_elements() const { return shape_.dst_pixels() * shape_.k; }  // of an image
  int acc_exp() const { return in_->exp + weight_exp_; }
  // Image n's error to E2, at the scale that e2_ has.
  void quantize_e2(const LayerContext& context, int64_t n, const int32_t* src32, const int16_t* src16);
  // From E2: gradients of W and bias, E1 of the input.
  void backward_products(const LayerContext& context);

  Value* in_;
  ConvShape shape_;
  ops::Conv2d product_;
  Parameter weight_, bias_;
  PlannedArray<int8_t> weight8_;
  PlannedArray<int32_t> bias32_;
  PackedWeights packed_;
  ProductError e2_;
  int weight_exp_ = 0;
  int acc_buffer_ = -1, forward_buffer_ = -1, backward_buffer_ = -1;
  int32_t* acc_ = nullptr;  // [images][pixels][outputs]
  uint8_t *forward_workspace_ = nullptr, *backward_workspace_ = nullptr;
};

// y = ReLU(W x + b), requantized to u8.
class LinearRelu : public Linear {
 public:
  LinearRelu(std::string name, Value* in, Value* out) : Linear(std::move(name), in, out->c), out_(out) { out->takes_top = true; }
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override { forward(context); }
  void backward(const LayerContext& context) override;
  void describe(GraphSink& sink) override;

 protected:
  LinearRelu(std::string name, Value* in, Value* out, const ConvShape& shape) : Linear(std::move(name), in, shape), out_(out) {}
  ops::ActivationGrid out_grid() const { return ops::activation_grid(Activation::kRelu, out_->exp, acc_exp(), widths_); }

  Value* out_;

 private:
  void quantize_error(const LayerContext& context);
};

// The same of a convolution.
class ConvRelu final : public LinearRelu {
 public:
  ConvRelu(std::string name, Value* in, Value* out, const ConvShape& shape) : LinearRelu(std::move(name), in, out, shape) {}
  void describe(GraphSink& sink) override;
};

// Logits W x + b (s32 at exp()), kept until the next forward.
class LinearLogits final : public Linear {
 public:
  LinearLogits(std::string name, Value* in, int classes) : Linear(std::move(name), in, classes) {}
  void plan(LayerPlan& plan) override;
  void bind(const MemoryPlan& plan, uint8_t* memory) override;
  void forward(const LayerContext& context) override;
  void evaluate(const LayerContext& context) override { forward(context); }
  // Softmax cross-entropy against the labels, then as the specification says.
  void backward(const LayerContext& context) override;

  void describe(GraphSink& sink) override;

  // Of the images of the batch: null others where each has but one label.
  void set_labels(const int32_t* labels, const int32_t* other_labels, const int32_t* other_shares) {
    labels_ = labels;
    other_labels_ = other_labels;
    other_shares_ = other_shares;
  }
  void set_batches_per_step(int batches) { batches_per_step_ = batches; }
  // Share of the target that all classes get alike, times 2^30 (ops/softmax_xent/softmax_xent.h).
  void set_label_smoothing(int64_t smoothing) { smoothing_ = smoothing; }
  // The logits are those of the product times 2^-shift.
  void set_logit_shift(int shift) { logit_shift_ = shift; }
  const int32_t* logits() const { return acc_; }
  int exp() const { return logits_exp_; }

 private:
  // The logits are read after the step.
  int acc_last_use(const LayerPlan& plan) const override { return 2 * plan.layers; }

  void softmax(const LayerContext& context);  // cross-entropy against the labels, to E2

  int error_buffer_ = -1;
  PlannedArray<int32_t> max_;  // of the error of each image
  int logits_exp_ = 0;         // the weights, and with them acc_exp(), may change before the logits are read
  int32_t* error_ = nullptr;
  const int32_t *labels_ = nullptr, *other_labels_ = nullptr, *other_shares_ = nullptr;
  int64_t smoothing_ = 0;
  int logit_shift_ = 0;
  int batches_per_step_ = 1;
};

}  // namespace intrain
