#include "nn/conv_layer.h"

#include <algorithm>

#include "ops/kernels.h"

namespace intrain {

ConvLayer::ConvLayer(std::string name, Value* in, const ConvShape& shape) : Layer(std::move(name)), in_(in), shape_(shape) {
  weight_.name = name_ + ".weight";
  weight_.shape = {shape.k, shape.kh, shape.kw, shape.group_c()};
  weight_.initializer = Initializer::kHeNormal;
  weight_.fan = shape.taps() * shape.group_k();
}

void ConvLayer::plan_convolution(LayerPlan& plan, bool again) {
  number_ = static_cast<uint32_t>(plan.index);
  conv_.plan(shape_, plan.kernels, plan.threads, plan.max_batch, plan.backward() && in_->error != nullptr);
  weight_.grad_bits = widths_.g;
  weight8_.lasting(plan, name_ + ".weight8", static_cast<size_t>(shape_.weights()));
  packed_.plan(plan, name_, conv_);
  shift_.lasting(plan, name_ + ".shift", static_cast<size_t>(shape_.k));
  forward_buffer_ = plan.forward_buffer(name_ + ".forward_workspace", conv_.forward_workspace_bytes());
  goes_back_ = plan.backward() && (!weight_.frozen || in_->error != nullptr);
  if (goes_back_) e2_.plan(plan, name_, widths_, static_cast<size_t>(plan.max_batch * out_elements()), conv_, weight_);
  size_t bytes = goes_back_ ? std::max(conv_.backward_data_workspace_bytes(), conv_.backward_weights_workspace_bytes()) : 0;
  if (again) {
    again_.scratch_bytes = align_up(static_cast<size_t>(conv_.strip_pixels() * shape_.k));
    bytes = std::max(bytes, align_up(conv_.packed_bytes()) + align_up(conv_.forward_workspace_bytes()) +
                                align_up(conv_.strip_bytes()) + static_cast<size_t>(plan.threads) * again_.scratch_bytes);
  }
  if (bytes > 0) backward_buffer_ = plan.backward_buffer(name_ + ".backward_workspace", bytes);
}

void ConvLayer::bind_convolution(const MemoryPlan& plan, uint8_t* memory) {
  weight8_.bind(plan, memory);
  shift_.bind(plan, memory);
  packed_.bind(plan, memory);
  forward_workspace_ = plan.address(memory, forward_buffer_);
  e2_.bind(plan, memory);
  backward_workspace_ = plan.address(memory, backward_buffer_);
  if (!multiplies_again()) return;
  again_.packed = backward_workspace_;
  again_.workspace = again_.packed + align_up(conv_.packed_bytes());
  again_.strips = again_.workspace + align_up(conv_.forward_workspace_bytes());
  again_.scratch = again_.strips + align_up(conv_.strip_bytes());
}

void ConvLayer::multiply(const LayerContext& context, int16_t* staged, bool strips, ops::StripSink* sink) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvForward);
  const uint8_t* packed = packed_.get(context, conv_, weight8_.data());
  conv_.forward(context.pool, context.count, in_->data, weight8_.data(), packed, {shift_.data(), staged, nullptr, strips}, sink,
                forward_workspace_);
}

void ConvLayer::multiply_again(const LayerContext& context, ops::StripSink& sink) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kRecompute);
  conv_.pack_weights(context.pool, weight8_.data(), again_.packed);
  conv_.forward(context.pool, context.count, in_->data, weight8_.data(), again_.packed,
                {shift_.data(), reinterpret_cast<int16_t*>(again_.strips), nullptr, true}, &sink, again_.workspace);
}

void ConvLayer::multiply_back(const LayerContext& context) {
  e2_.show(context, name_, context.count * out_elements());
  if (in_->error != nullptr) {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardData);
    e2_.backward_data(context, conv_, *in_, weight8_.data(), weight_exp_, backward_workspace_);
    context.begin_top(*in_);
  }
  if (weight_.learns()) {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardWeights);
    e2_.backward_weights(context, conv_, *in_, weight_, backward_workspace_);
  }
  context.finish(weight_);
}

}  // namespace intrain
