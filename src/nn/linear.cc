#include "nn/linear.h"

#include <algorithm>

#include "base/formats.h"
#include "core/check.h"
#include "nn/backward_sink.h"
#include "ops/quantize/quantize.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain {

Linear::Linear(std::string name, Value* in, int outputs, bool input_is_image)
    : Layer(std::move(name)), in_(in), shape_{1, 1, static_cast<int>(in->elements()), outputs, 1, 1, 1, 0, 1, input_is_image} {
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

void Linear::plan(LayerPlan& plan) {
  number_ = static_cast<uint32_t>(plan.index);
  const size_t batch = static_cast<size_t>(plan.max_batch), k = static_cast<size_t>(shape_.k);
  product_.plan(shape_, plan.kernels, plan.threads, plan.training && in_->error != nullptr);
  for (Parameter* p : {&weight_, &bias_}) p->allocate(plan.training);
  weight8_.resize(static_cast<size_t>(shape_.weights()));
  bias32_.resize(k);
  packed_ = AlignedBuffer(product_.packed_bytes());
  acc_buffer_ = plan.memory.add(name_ + ".acc", batch * k * 4, plan.forward_time(), acc_last_use(plan));
  forward_buffer_ = plan.forward_buffer(name_ + ".forward_workspace", product_.forward_workspace_bytes());
  if (!plan.training) return;
  e2_buffer_ = plan.backward_buffer(name_ + ".e2", batch * k);
  backward_buffer_ = plan.backward_buffer(name_ + ".backward_workspace", std::max(product_.backward_data_workspace_bytes(),
                                                                                  product_.backward_weights_workspace_bytes()));
}

void Linear::bind(const MemoryPlan& plan, uint8_t* memory) {
  const auto at = [&](int buffer) { return plan.address(memory, buffer); };
  acc_ = reinterpret_cast<int32_t*>(at(acc_buffer_));
  forward_workspace_ = at(forward_buffer_);
  e2_ = reinterpret_cast<int8_t*>(at(e2_buffer_));
  backward_workspace_ = at(backward_buffer_);
}

void Linear::quantize_parameters(const ops::Kernels& kernels) {
  const int t = quantize_shift(kernels.max_abs({weight_.master.data(), weight_.count()}), 8);
  kernels.quantize_fixed({weight_.master.data(), weight_.count(), t, weight8_.data()});
  weight_exp_ = kMasterExp + t;
  ops::rescale_bias_reference(bias_.master.data(), shape_.k, acc_exp(), bias32_.data());
  product_.pack_weights(weight8_.data(), packed_.data());
}

void Linear::parameters(std::vector<Parameter*>& list) { list.insert(list.end(), {&weight_, &bias_}); }

void Linear::multiply(const LayerContext& context) {
  product_.forward(context.pool, context.count, in_->data, weight8_.data(), packed_.data(), {nullptr, nullptr, acc_},
                   forward_workspace_);
}

void Linear::backward_products(const LayerContext& context) {
  std::fill(bias_.grad.begin(), bias_.grad.end(), 0);
  for (int64_t n = 0; n < context.count; ++n)
    for (int c = 0; c < shape_.k; ++c) bias_.grad[static_cast<size_t>(c)] += e2_[n * shape_.k + c];
  bias_.grad_exp = e2_exp_;
  product_.backward_weights(context.pool, context.count, in_->data, e2_, weight_.grad.data(), backward_workspace_);
  weight_.grad_exp = in_->exp + e2_exp_;
  if (in_->error == nullptr) return;
  ErrorSink sink(context, *in_, e2_exp_ + weight_exp_);
  product_.backward_data(context.pool, context.count, e2_, weight8_.data(), packed_.data(), sink, backward_workspace_);
  in_->error->written = true;
}

void LinearRelu::forward(const LayerContext& context) {
  multiply(context);
  context.kernels.relu_requantize({acc_, bias32_.data(), context.count, shape_.k, out_->exp - acc_exp(), out_->output});
}

void LinearRelu::backward(const LayerContext& context) {
  CHECK_TRUE(out_->error->written);
  Value::Error& error = *out_->error;
  int64_t top = ops::error_top(error.exp.data(), error.max.data(), context.count);
  context.reducer.max(&top, 1);
  const int e_exp = ops::aligned_exp(top);
  int64_t max = 0;
  for (int64_t n = 0; n < context.count; ++n) {
    const size_t i = static_cast<size_t>(n);
    const int align = error.max[i] == 0 ? 0 : e_exp - error.exp[i];
    const uint8_t* mask = static_cast<const uint8_t*>(out_->data) + n * shape_.k;
    error.max[i] = context.kernels.relu_backward({error.data + n * shape_.k, align, mask, shape_.k});
    error.exp[i] = e_exp;
    max = std::max<int64_t>(max, error.max[i]);
  }
  context.reducer.max(&max, 1);
  const int shift = quantize_shift(static_cast<uint64_t>(max), 8);
  for (int64_t n = 0; n < context.count; ++n) {
    const ErrorRandom random = context.error_random(number_, n);
    context.kernels.error_quantize({nullptr, error.data + n * shape_.k, shape_.k, shift, e2_ + n * shape_.k, &random});
  }
  e2_exp_ = e_exp + shift;
  backward_products(context);
}

void LinearLogits::plan(LayerPlan& plan) {
  Linear::plan(plan);
  if (!plan.training) return;
  error_buffer_ = plan.backward_buffer(name_ + ".error", static_cast<size_t>(plan.max_batch) * static_cast<size_t>(shape_.k) * 4);
}

void LinearLogits::bind(const MemoryPlan& plan, uint8_t* memory) {
  Linear::bind(plan, memory);
  error_ = reinterpret_cast<int32_t*>(plan.address(memory, error_buffer_));
}

void LinearLogits::forward(const LayerContext& context) {
  multiply(context);
  for (int64_t i = 0; i < int64_t{context.count} * shape_.k; ++i)
    acc_[i] = static_cast<int32_t>(clamp(int64_t{acc_[i]} + bias32_[static_cast<size_t>(i % shape_.k)], -INT32_MAX, INT32_MAX));
}

void LinearLogits::backward(const LayerContext& context) {
  int64_t max = 0;
  for (int64_t n = 0; n < context.count; ++n)
    max = std::max<int64_t>(max, ops::softmax_xent_reference(acc_ + n * shape_.k, shape_.k, acc_exp(), labels_[n],
                                                             context.global_count, error_ + n * shape_.k));
  context.reducer.max(&max, 1);
  const int shift = quantize_shift(static_cast<uint64_t>(max), 8);
  for (int64_t n = 0; n < context.count; ++n) {
    const ErrorRandom random = context.error_random(number_, n);
    context.kernels.error_quantize({error_ + n * shape_.k, nullptr, shape_.k, shift, e2_ + n * shape_.k, &random});
  }
  e2_exp_ = ops::softmax_xent_exp(context.global_count) + shift;
  backward_products(context);
}

}  // namespace intrain
