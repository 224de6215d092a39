#include "nn/shortcut.h"

#include "core/buffer.h"
#include "core/check.h"
#include "nn/backward_sink.h"
#include "ops/kernels.h"

namespace intrain {

void PadShortcut::plan(LayerPlan& plan) {
  number_ = static_cast<uint32_t>(plan.index);
  if (plan.backward() && in_->error != nullptr)
    sums_buffer_ = plan.backward_buffer(name_ + ".sums",
                                        align_up(static_cast<size_t>(in_->elements()) * 4) * static_cast<size_t>(plan.threads));
}

void PadShortcut::bind(const MemoryPlan& plan, uint8_t* memory) {
  sums_ = reinterpret_cast<int32_t*>(plan.address(memory, sums_buffer_));
}

void PadShortcut::forward(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kOther);
  context.pool.run(context.count, [&](int64_t n, int) {
    ops::pad_shortcut(shape_, static_cast<const uint8_t*>(in_->data) + n * in_->elements(), out_->output + n * out_->elements());
  });
}

void PadShortcut::backward(const LayerContext& context) {
  if (in_->error == nullptr) return;
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kOther);
  CHECK_TRUE(out_->error->written);
  const Value::Gradient& from = *out_->error;
  const size_t slot = align_up(static_cast<size_t>(in_->elements()) * 4);
  context.pool.run(context.count, [&](int64_t n, int thread) {
    int32_t* sums = reinterpret_cast<int32_t*>(reinterpret_cast<uint8_t*>(sums_) + slot * static_cast<size_t>(thread));
    const uint32_t max = ops::pad_shortcut_backward(shape_, from.data + n * out_->elements(), sums);
    ErrorSink(context, *in_, from.exp[static_cast<size_t>(n)]).image(static_cast<int>(n), sums, max);
  });
  in_->error->written = true;
}

}  // namespace intrain
