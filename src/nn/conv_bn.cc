#include "nn/conv_bn.h"

#include <algorithm>
#include <atomic>

#include "core/atomic_max.h"
#include "nn/quantize_weights.h"
#include "nn/strips.h"
#include "ops/conv2d/staging.h"
#include "ops/kernels.h"

namespace intrain {

ConvBn::ConvBn(std::string name, Value* in, Value* shortcut, Value* out, const ConvShape& shape, Activation activation)
    : ConvLayer(std::move(name), in, shape), shortcut_(shortcut), norm_(name_, shortcut, out, activation) {}

void ConvBn::plan(LayerPlan& plan) {
  plan_convolution(plan, plan.backward() && shape_.fan_in() <= plan.recompute);
  norm_.plan(plan, widths_, !multiplies_again());
  // Evaluation needs strips only.
  const size_t bytes = plan.training ? static_cast<size_t>(plan.max_batch * out_elements()) * 2 : 0;
  staged_buffer_ = plan.forward_buffer(name_ + ".staged", std::max(bytes, conv_.strip_bytes()));
}

void ConvBn::bind(const MemoryPlan& plan, uint8_t* memory) {
  bind_convolution(plan, memory);
  norm_.bind(plan, memory);
  staged_ = reinterpret_cast<int16_t*>(plan.address(memory, staged_buffer_));
}

void ConvBn::quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) {
  weight_exp_ = ops::weight_exp(quantize_weights(kernels, pool, weight_, widths_, weight8_.data()));
  pool.run(shape_.k, [&](int64_t k, int) {
    int64_t l1;
    kernels.l1_norms({weight8_.data() + k * shape_.fan_in(), 1, shape_.fan_in(), &l1});
    shift_[static_cast<size_t>(k)] = ops::staging_shift(ops::staging_amax(shape_.signed_src), l1);
  });
  weights_changed();
  norm_.quantize_parameters(kernels, in_->exp + weight_exp_, shift_.data());
}

namespace {

// Batch-norm sums of each strip while the convolution's output is in cache.
class SumsSink final : public ops::StripSink {
 public:
  SumsSink(const ops::Kernels& kernels, BatchNorm& norm) : kernels_(kernels), norm_(norm) {}
  void strip(int64_t, int64_t pixels, int16_t* staged, int thread) override { norm_.add_sums(kernels_, staged, pixels, thread); }

 private:
  const ops::Kernels& kernels_;
  BatchNorm& norm_;
};

// Each strip goes through all that follows while it is in cache, and neither the convolution's output nor x_hat is kept.
class EvaluateSink final : public ops::StripSink {
 public:
  EvaluateSink(const LayerContext& context, const BatchNorm& norm) : context_(context), norm_(norm) {}
  void strip(int64_t first, int64_t pixels, int16_t* staged, int) override {
    norm_.evaluate_strip(context_, first, pixels, staged);
  }

 private:
  const LayerContext& context_;
  const BatchNorm& norm_;
};

}  // namespace

// x_hat of each strip once more, while it is in cache.
class ConvBn::Again final : public ops::StripSink {
 public:
  Again(const LayerContext& context, const ConvBn& layer) : context_(context), layer_(layer) {}
  void strip(int64_t first, int64_t pixels, int16_t* staged, int thread) override {
    layer_.norm_.normalize_again(context_, first, pixels, staged, layer_.again_scratch(thread));
  }

 private:
  const LayerContext& context_;
  const ConvBn& layer_;
};

void ConvBn::forward(const LayerContext& context) {
  norm_.begin_sums();
  SumsSink sink(context.kernels, norm_);
  multiply(context, staged_, false, context.statistics == Statistics::kFrozen ? nullptr : &sink);
  norm_.forward(context, staged_);
  context.show(name_, TensorKind::kW, weight8_.data(), shape_.weights(), weight_exp_);
}

void ConvBn::evaluate(const LayerContext& context) {
  norm_.fold_running_statistics();
  EvaluateSink sink(context, norm_);
  multiply(context, staged_, true, &sink);
  norm_.show_output(context);
}

// From E1 of the output to E2, the error at the convolution output, and the gradients of gamma and beta.
void ConvBn::backward_batch_norm(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kNormalizeBackward);
  const int exp = norm_.backward(context);
  if (!goes_back()) return;
  const int64_t pixels = shape_.dst_pixels();
  const Strips strips(pixels, shape_.k, context.count, context.pool.threads());
  const int64_t strip_count = context.count * strips.count;
  const auto slice = [&](int64_t task) {
    const int64_t n = task / strips.count, strip = task % strips.count;
    ops::NormBackward p = norm_.error(n, strips.first(strip), strips.length(strip));
    const int64_t at = n * out_elements() + p.first;
    p.shift = e2_.shift();
    p.dst = e2_.upper(at);
    p.plane = e2_.plane(at);
    return p;
  };
  std::atomic<uint32_t> largest{0};
  context.pool.run(strip_count,
                   [&](int64_t task, int) { atomic_max(largest, context.kernels.batch_norm_backward_max(slice(task))); });
  int64_t max = largest.load(std::memory_order_relaxed);
  context.reducer.max(&max, 1);
  e2_.set_scale(static_cast<uint64_t>(max), exp);
  context.pool.run(strip_count, [&](int64_t task, int) {
    ops::NormBackward p = slice(task);
    const ErrorRandom random = context.error_random(task / strips.count);
    p.random = widths_.nearest_e ? nullptr : &random;
    context.kernels.batch_norm_backward_quantize(p);
    e2_.narrow(context.kernels, p.dst, p.rows * p.channels);
  });
}

void ConvBn::backward(const LayerContext& context) {
  if (multiplies_again()) {
    Again sink(context, *this);
    multiply_again(context, sink);
  }
  backward_batch_norm(context);
  // The sum passes its error on to the shortcut, which shares the tensor: masked, and not yet added to.
  if (shortcut_ != nullptr && shortcut_->error != nullptr) shortcut_->error->written = true;
  norm_.finish(context);
  if (goes_back()) multiply_back(context);
}

void ConvBn::parameters(std::vector<Parameter*>& list) {
  list.push_back(&weight_);
  norm_.parameters(list);
}

}  // namespace intrain
