#include "nn/linear.h"

#include <algorithm>

#include "base/formats.h"
#include "core/check.h"
#include "core/error.h"
#include "nn/quantize_weights.h"
#include "ops/kernels.h"
#include "ops/quantize/quantize.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain {

Linear::Linear(std::string name, Value* in, int outputs)
    : Layer(std::move(name)), in_(in), shape_{1, 1, static_cast<int>(in->elements()), outputs, 1, 1, 1, 0, 1, in->is_signed()} {
  weight_.name = name_ + ".weight";
  weight_.shape = {outputs, shape_.c};
  bias_.name = name_ + ".bias";
  bias_.shape = {outputs};
  bias_.grad_bits = 16;
  for (Parameter* p : {&weight_, &bias_}) {
    p->initializer = Initializer::kUniform;
    p->fan = shape_.c;
  }
}

Linear::Linear(std::string name, Value* in, const ConvShape& shape) : Layer(std::move(name)), in_(in), shape_(shape) {
  weight_.name = name_ + ".weight";
  weight_.shape = {shape.k, shape.kh, shape.kw, shape.group_c()};
  weight_.initializer = Initializer::kHeNormal;
  weight_.fan = shape.taps() * shape.group_k();
  bias_.name = name_ + ".bias";
  bias_.shape = {shape.k};
  bias_.grad_bits = 16;
}

void Linear::plan(LayerPlan& plan) {
  // The sums of gradients over the pixels of a batch, in s64.
  if (plan.training && plan.global_batch * shape_.dst_pixels() > int64_t{1} << kMaxCountLog2)
    throw Error("a batch of " + std::to_string(plan.global_batch) + " maps of " + std::to_string(shape_.oh()) + "x" +
                    std::to_string(shape_.ow()) + " in layer " + name_ + " has more than 2^" + std::to_string(kMaxCountLog2) +
                    " pixels",
                Setting{"batch"}, "choose a smaller batch");
  number_ = static_cast<uint32_t>(plan.index);
  const size_t outputs = static_cast<size_t>(plan.max_batch * out_elements());
  product_.plan(shape_, plan.kernels, plan.threads, plan.max_batch, plan.backward() && in_->error != nullptr);
  weight_.grad_bits = widths_.g;
  weight8_.lasting(plan, name_ + ".weight8", static_cast<size_t>(shape_.weights()));
  bias32_.lasting(plan, name_ + ".bias32", static_cast<size_t>(shape_.k));
  packed_.plan(plan, name_, product_);
  acc_buffer_ = plan.memory.add(name_ + ".acc", outputs * 4, plan.forward_time(), acc_last_use(plan));
  forward_buffer_ = plan.forward_buffer(name_ + ".forward_workspace", product_.forward_workspace_bytes());
  if (!plan.backward()) return;
  e2_.plan(plan, name_, widths_, outputs, product_, weight_);
  backward_buffer_ = plan.backward_buffer(name_ + ".backward_workspace", std::max(product_.backward_data_workspace_bytes(),
                                                                                  product_.backward_weights_workspace_bytes()));
}

void Linear::bind(const MemoryPlan& plan, uint8_t* memory) {
  const auto at = [&](int buffer) { return plan.address(memory, buffer); };
  acc_ = reinterpret_cast<int32_t*>(at(acc_buffer_));
  forward_workspace_ = at(forward_buffer_);
  weight8_.bind(plan, memory);
  bias32_.bind(plan, memory);
  packed_.bind(plan, memory);
  e2_.bind(plan, memory);
  backward_workspace_ = at(backward_buffer_);
}

void Linear::quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) {
  weight_exp_ = ops::weight_exp(quantize_weights(kernels, pool, weight_, widths_, weight8_.data()));
  ops::rescale_bias_reference(bias_.master.data(), shape_.k, acc_exp(), bias32_.data());
  packed_.changed();
}

void Linear::parameters(std::vector<Parameter*>& list) { list.insert(list.end(), {&weight_, &bias_}); }

void Linear::multiply(const LayerContext& context) {
  product_.forward(context.pool, context.count, in_->data, weight8_.data(), packed_.get(context, product_, weight8_.data()),
                   {nullptr, nullptr, acc_}, nullptr, forward_workspace_);
  context.show(name_, TensorKind::kW, weight8_.data(), shape_.weights(), weight_exp_);
}

void Linear::quantize_e2(const LayerContext& context, int64_t n, const int32_t* src32, const int16_t* src16) {
  const ErrorRandom random = context.error_random(n);
  const int64_t at = n * out_elements();
  context.kernels.error_quantize(
      {src32, src16, out_elements(), e2_.shift(), e2_.upper(at), widths_.nearest_e ? nullptr : &random, e2_.plane(at)});
  e2_.narrow(context.kernels, e2_.upper(at), out_elements());
}

void Linear::backward_products(const LayerContext& context) {
  e2_.show(context, name_, context.count * out_elements());
  if (in_->error != nullptr) {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kLinear);
    e2_.backward_data(context, product_, *in_, weight8_.data(), weight_exp_, backward_workspace_);
    context.begin_top(*in_);
  }
  {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kLinear);
    if (bias_.learns()) e2_.backward_bias(context.count * shape_.dst_pixels(), bias_);
    if (weight_.learns()) e2_.backward_weights(context, product_, *in_, weight_, backward_workspace_);
  }
  context.finish(weight_);
  context.finish(bias_);
}

void LinearRelu::forward(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kLinear);
  multiply(context);
  context.kernels.relu_requantize(
      {acc_, bias32_.data(), context.count * shape_.dst_pixels(), shape_.k, out_grid().shift, out_->output});
  const int64_t elements = context.count * out_elements();
  if (widths_.a < 8) context.kernels.narrow_u8({out_->output, elements, widths_.a});
  context.show(name_, TensorKind::kA, out_->output, elements, out_->exp);
}

void LinearRelu::backward(const LayerContext& context) {
  CHECK_TRUE(out_->error->written);
  quantize_error(context);
  backward_products(context);
}

void LinearRelu::describe(GraphSink& sink) {
  const ops::ActivationGrid grid = out_grid();
  sink.linear({in_, weight8_, weight_exp_, bias32_, out_, grid.shift, grid.top, grid.left});
}

void ConvRelu::describe(GraphSink& sink) {
  const ops::ActivationGrid grid = out_grid();
  sink.conv_relu(shape_, {in_, weight8_, weight_exp_, bias32_, out_, grid.shift, grid.top, grid.left});
}

void LinearRelu::quantize_error(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kLinear);
  Value::Gradient& error = *out_->error;
  const int e_exp = ops::aligned_exp(context.top(error));
  context.pool.run(context.count, [&](int64_t n, int) {
    const size_t i = static_cast<size_t>(n);
    const int align = ops::error_align(e_exp, error.exp[i], error.max[i]);
    const uint8_t* mask = static_cast<const uint8_t*>(out_->data) + n * out_elements();
    error.max[i] = context.kernels.relu_backward(
        {error.data + n * out_elements(), align, mask, out_elements(), activation_top(Activation::kRelu, widths_)});
    error.exp[i] = e_exp;
  });
  int64_t max = ops::error_max(error.max, context.count);
  context.reducer.max(&max, 1);
  e2_.set_scale(static_cast<uint64_t>(max), e_exp);
  context.pool.run(context.count, [&](int64_t n, int) { quantize_e2(context, n, nullptr, error.data + n * out_elements()); });
  context.show(name_, TensorKind::kE1, error.data, context.count * out_elements(), e_exp);
}

void LinearLogits::plan(LayerPlan& plan) {
  Linear::plan(plan);
  if (!plan.training) return;
  max_.backward(plan, name_ + ".error_max", static_cast<size_t>(plan.max_batch));
  error_buffer_ = plan.backward_buffer(name_ + ".error", static_cast<size_t>(plan.max_batch) * static_cast<size_t>(shape_.k) * 4);
}

void LinearLogits::bind(const MemoryPlan& plan, uint8_t* memory) {
  Linear::bind(plan, memory);
  max_.bind(plan, memory);
  error_ = reinterpret_cast<int32_t*>(plan.address(memory, error_buffer_));
}

void LinearLogits::forward(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kLinear);
  multiply(context);
  logits_exp_ = acc_exp() - logit_shift_;
  ops::logits_reference(acc_, bias32_.data(), context.count, shape_.k);
}

void LinearLogits::backward(const LayerContext& context) {
  softmax(context);
  backward_products(context);
}

// As a layer of W and biases that are that much smaller.
void LinearLogits::describe(GraphSink& sink) {
  sink.linear({in_, weight8_, weight_exp_ - logit_shift_, bias32_, nullptr, 0, 0, 0});
}

void LinearLogits::softmax(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kSoftmax);
  const int64_t images = context.global_count * batches_per_step_;
  const int exp = acc_exp() - logit_shift_;
  context.pool.run(context.count, [&](int64_t n, int) {
    const int32_t* const logits = acc_ + n * shape_.k;
    int32_t* const error = error_ + n * shape_.k;
    max_[static_cast<size_t>(n)] = static_cast<int32_t>(
        other_labels_ == nullptr ? ops::softmax_xent_reference(logits, shape_.k, exp, labels_[n], images, smoothing_, error)
                                 : ops::softmax_xent_mixed_reference(logits, shape_.k, exp, labels_[n], other_labels_[n],
                                                                     other_shares_[n], images, smoothing_, error));
  });
  int64_t max = ops::error_max(max_.data(), context.count);
  context.reducer.max(&max, 1);
  e2_.set_scale(static_cast<uint64_t>(max), ops::softmax_xent_exp(images) - logit_shift_);
  context.pool.run(context.count, [&](int64_t n, int) { quantize_e2(context, n, error_ + n * shape_.k, nullptr); });
}

}  // namespace intrain
