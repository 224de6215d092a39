#include "nn/pool.h"

#include "core/buffer.h"
#include "core/check.h"
#include "nn/backward_sink.h"
#include "ops/kernels.h"

namespace intrain {

void GlobalAveragePool::forward(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kPool);
  context.pool.run(context.count, [&](int64_t n, int) {
    context.kernels.global_average_pool({static_cast<const uint8_t*>(in_->data) + n * in_->elements(), in_->pixels(), in_->c,
                                         ops::average_pool_shift(in_->exp, out_->exp), out_->output + n * out_->c});
  });
}

void GlobalAveragePool::backward(const LayerContext& context) {
  if (in_->error == nullptr) return;
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kPool);
  CHECK_TRUE(out_->error->written && !in_->error->written);
  const ops::PoolReciprocal reciprocal = ops::pool_reciprocal(in_->pixels());
  const Value::Gradient& from = *out_->error;
  Value::Gradient& to = *in_->error;
  context.pool.run(context.count, [&](int64_t n, int) {
    const size_t i = static_cast<size_t>(n);
    context.kernels.global_average_pool_backward(
        {from.data + n * out_->c, in_->pixels(), in_->c, reciprocal.r, to.data + n * in_->elements()});
    to.exp[i] = ops::average_pool_backward_exp(from.exp[i], reciprocal);
    to.max[i] = ops::average_pool_backward_max(from.max[i], reciprocal);
    to.max[i] = context.narrow_error(n, to.data + n * in_->elements(), in_->elements(), to.max[i]);
  });
  to.written = true;
}

void MaxPool::plan(LayerPlan& plan) {
  number_ = static_cast<uint32_t>(plan.index);
  const size_t batch = static_cast<size_t>(plan.max_batch);
  const size_t index_bytes = batch * static_cast<size_t>(out_->elements());
  const bool goes_back = plan.backward() && in_->error != nullptr;
  index_buffer_ =
      goes_back ? plan.kept_buffer(name_ + ".index", index_bytes) : plan.forward_buffer(name_ + ".index", index_bytes);
  if (goes_back)
    sums_buffer_ = plan.backward_buffer(name_ + ".sums",
                                        align_up(static_cast<size_t>(in_->elements()) * 4) * static_cast<size_t>(plan.threads));
}

void MaxPool::bind(const MemoryPlan& plan, uint8_t* memory) {
  index_ = plan.address(memory, index_buffer_);
  sums_ = reinterpret_cast<int32_t*>(plan.address(memory, sums_buffer_));
}

void MaxPool::forward(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kPool);
  context.pool.run(context.count, [&](int64_t n, int) {
    context.kernels.max_pool({shape_, static_cast<const uint8_t*>(in_->data) + n * in_->elements(),
                              out_->output + n * out_->elements(), index_ + n * out_->elements()});
  });
}

void MaxPool::backward(const LayerContext& context) {
  if (in_->error == nullptr) return;
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kPool);
  CHECK_TRUE(out_->error->written);
  const Value::Gradient& from = *out_->error;
  const size_t slot = align_up(static_cast<size_t>(in_->elements()) * 4);
  context.pool.run(context.count, [&](int64_t n, int thread) {
    int32_t* sums = reinterpret_cast<int32_t*>(reinterpret_cast<uint8_t*>(sums_) + slot * static_cast<size_t>(thread));
    context.kernels.max_pool_backward({shape_, from.data + n * out_->elements(), index_ + n * out_->elements(), sums});
    ErrorSink(context, *in_, from.exp[static_cast<size_t>(n)])
        .image(static_cast<int>(n), sums, context.kernels.max_abs({sums, in_->elements()}));
  });
  in_->error->written = true;
}

}  // namespace intrain
