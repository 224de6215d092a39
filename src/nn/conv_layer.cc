#include "nn/conv_layer.h"

#include <algorithm>

#include "nn/backward_sink.h"

namespace intrain {

ConvLayer::ConvLayer(std::string name, Value* in, const ops::ConvShape& shape) : Layer(std::move(name)), in_(in), shape_(shape) {
  weight_.name = name_ + ".weight";
  weight_.shape = {shape.k, shape.kh, shape.kw, shape.group_c()};
  weight_.initializer = Initializer::kHeNormal;
  weight_.fan = shape.taps() * shape.group_k();
}

void ConvLayer::plan_convolution(LayerPlan& plan) {
  number_ = static_cast<uint32_t>(plan.index);
  conv_.plan(shape_, plan.kernels, plan.threads, plan.max_batch, plan.training && in_->error != nullptr);
  weight_.allocate(plan.training);
  weight_.grad_bits = widths_.g;
  weight8_.resize(static_cast<size_t>(shape_.weights()));
  packed_.plan(plan, name_, conv_);
  shift_.resize(static_cast<size_t>(shape_.k));
  forward_buffer_ = plan.forward_buffer(name_ + ".forward_workspace", conv_.forward_workspace_bytes());
  if (!plan.training) return;
  grad_buffer_ = plan.gradient_buffer(weight_);
  e2_buffer_ = plan.backward_buffer(name_ + ".e2", static_cast<size_t>(plan.max_batch * out_elements()));
  backward_buffer_ = plan.backward_buffer(
      name_ + ".backward_workspace", std::max(conv_.backward_data_workspace_bytes(), conv_.backward_weights_workspace_bytes()));
}

void ConvLayer::bind_convolution(const MemoryPlan& plan, uint8_t* memory) {
  packed_.bind(plan, memory);
  forward_workspace_ = plan.address(memory, forward_buffer_);
  weight_.grad = gradient_at(plan, memory, grad_buffer_, weight_);
  e2_ = reinterpret_cast<int8_t*>(plan.address(memory, e2_buffer_));
  backward_workspace_ = plan.address(memory, backward_buffer_);
}

void ConvLayer::multiply(const LayerContext& context, int16_t* staged, bool strips, ops::StripSink* sink) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvForward);
  const uint8_t* packed = packed_.get(context, conv_, weight8_.data());
  conv_.forward(context.pool, context.count, in_->data, weight8_.data(), packed, {shift_.data(), staged, nullptr, strips}, sink,
                forward_workspace_);
}

void ConvLayer::multiply_back(const LayerContext& context) {
  {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardWeights);
    conv_.backward_weights(context.pool, context.count, in_->data, e2_, weight_.grad.data(), backward_workspace_);
  }
  weight_.grad_exp = in_->exp + e2_exp_;
  context.finish(weight_);
  if (in_->error == nullptr) return;
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardData);
  ErrorSink sink(context, *in_, e2_exp_ + weight_exp_);
  conv_.backward_data(context.pool, context.count, e2_, weight8_.data(), sink, backward_workspace_);
  in_->error->written = true;
}

}  // namespace intrain
