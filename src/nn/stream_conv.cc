#include "nn/stream_conv.h"

#include <algorithm>

#include "base/formats.h"
#include "core/check.h"
#include "nn/quantize_weights.h"
#include "ops/conv2d/staging.h"
#include "ops/kernels.h"

namespace intrain {

StreamConv::StreamConv(std::string name, Value* in, Value* addend, Value* stream, Value* out, const ConvShape& shape)
    : ConvLayer(std::move(name), in, shape), addend_(addend), stream_(stream) {
  if (out == nullptr) return;
  norm_.emplace(name_, nullptr, out, Activation::kRelu);
  stream_->norms->push_back(&*norm_);
}

void StreamConv::plan(LayerPlan& plan) {
  plan_convolution(plan);
  if (norm_) norm_->plan(plan, widths_);
  read_ = stream_->last_consumer > plan.index;
  // An evaluation whose stream ends here needs strips only.
  const size_t bytes = plan.training || read_ ? static_cast<size_t>(plan.max_batch * out_elements()) * 2 : 0;
  stream_buffer_ = plan.memory.add(name_ + ".stream", std::max(bytes, conv_.strip_bytes()), plan.index, stream_->last_consumer);
}

void StreamConv::bind(const MemoryPlan& plan, uint8_t* memory) {
  bind_convolution(plan, memory);
  if (norm_) norm_->bind(plan, memory);
  stream_->stream = reinterpret_cast<int16_t*>(plan.address(memory, stream_buffer_));
}

void StreamConv::reset_statistics() {
  if (norm_) norm_->reset_statistics();
}

void StreamConv::quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) {
  stream_->exp = kStreamExp;
  for (const BatchNorm* norm : *stream_->norms) stream_->exp = std::max(stream_->exp, norm->stream_exp());
  const ops::StreamStaging range = ops::stream_staging(in_->exp, stream_->exp);
  const int t = quantize_weights(kernels, pool, weight_, widths_, weight8_.data(), range.least, range.most);
  weight_exp_ = ops::weight_exp(t);
  std::fill(shift_.begin(), shift_.end(), range.most - t);
  weights_changed();
  if (norm_) norm_->quantize_parameters(kernels, stream_->exp, nullptr);
}

void StreamConv::add(const ops::Kernels& kernels, int64_t first, int64_t pixels, int16_t* staged) const {
  if (addend_ == nullptr) return;
  const int64_t at = first * shape_.k;
  ops::StreamAdd p{};
  if (addend_->kind == Value::Kind::kStream)
    p.src16 = addend_->stream + at;
  else
    p.src8 = static_cast<const uint8_t*>(addend_->data) + at;
  p.src_shift = addend_->exp - stream_->exp;
  p.count = pixels * shape_.k;
  p.dst = staged;
  kernels.stream_add(p);
}

// The sum and what follows it, strip by strip, while the convolution's output is in cache: batch norm's sums in training, all of it in
// evaluation.
class StreamConv::Sink final : public ops::StripSink {
 public:
  Sink(StreamConv& layer, const LayerContext& context, bool training) : layer_(layer), context_(context), training_(training) {}
  void strip(int64_t first, int64_t pixels, int16_t* staged, int thread) override {
    layer_.add(context_.kernels, first, pixels, staged);
    if (!layer_.norm_ || (training_ && context_.statistics == Statistics::kFrozen)) return;
    if (training_)
      layer_.norm_->add_sums(context_.kernels, staged, pixels, thread);
    else
      layer_.norm_->evaluate_strip(context_, first, pixels, staged);
  }

 private:
  StreamConv& layer_;
  const LayerContext& context_;
  bool training_;
};

void StreamConv::forward(const LayerContext& context) {
  if (norm_) norm_->begin_sums();
  Sink sink(*this, context, true);
  multiply(context, stream_->stream, false, &sink);
  if (norm_) norm_->forward(context, stream_->stream);
  context.show(name_, TensorKind::kW, weight8_.data(), shape_.weights(), weight_exp_);
  context.show(name_, TensorKind::kStream, stream_->stream, context.count * out_elements(), stream_->exp);
}

void StreamConv::evaluate(const LayerContext& context) {
  if (norm_) norm_->fold_running_statistics();
  Sink sink(*this, context, false);
  multiply(context, stream_->stream, !read_, &sink);
}

// E1 of the stream: what comes back through batch norm, plus what later sums have left there. The older stream shares the tensor.
void StreamConv::backward_batch_norm(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kNormalizeBackward);
  const int exp = norm_->backward(context);
  Value::Gradient& error = *stream_->error;
  context.pool.run(context.count, [&](int64_t n, int) {
    const size_t i = static_cast<size_t>(n);
    const ops::NormBackward v = norm_->error(n, 0, shape_.dst_pixels());
    const uint32_t addend_max = error.written ? static_cast<uint32_t>(error.max[i]) : 0;
    const ops::ErrorScale scale = ops::error_scale(context.kernels.batch_norm_backward_max(v), exp, addend_max, error.exp[i]);
    int16_t* dst = error.data + n * out_elements();
    error.max[i] =
        context.kernels.batch_norm_backward_add({v, addend_max != 0 ? dst : nullptr, scale.acc_shift, scale.addend_shift, dst});
    error.max[i] = context.narrow_error(n, dst, out_elements(), error.max[i], false);
    error.exp[i] = scale.exp;
  });
  error.written = true;
}

// E2 from E1 of the stream, which stays as it is.
void StreamConv::quantize_error(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kNormalizeBackward);
  const Value::Gradient& error = *stream_->error;
  CHECK_TRUE(error.written);
  int64_t unit = ops::product_unit(error.exp, error.max, context.count, widths_);
  context.reducer.max(&unit, 1);
  e2_.set_unit(unit);
  context.pool.run(context.count, [&](int64_t n, int) {
    const size_t i = static_cast<size_t>(n);
    const ErrorRandom random = context.error_random(n);
    const int64_t at = n * out_elements();
    const int shift = e2_.shift_of(error.exp[i], error.max[i]);
    context.kernels.error_quantize(
        {nullptr, error.data + at, out_elements(), shift, e2_.upper(at), widths_.nearest_e ? nullptr : &random, e2_.plane(at)});
    e2_.narrow(context.kernels, e2_.upper(at), out_elements());
  });
}

void StreamConv::backward(const LayerContext& context) {
  if (norm_) backward_batch_norm(context);
  if (goes_back()) quantize_error(context);
  if (norm_) norm_->finish(context);
  if (goes_back()) multiply_back(context);
}

void StreamConv::describe(GraphSink& sink) {
  if (!norm_) return sink.stream_conv(convolution(), addend_, stream_, nullptr);
  const NormGraph norm = norm_->describe();
  sink.stream_conv(convolution(), addend_, stream_, &norm);
}

void StreamConv::parameters(std::vector<Parameter*>& list) {
  list.push_back(&weight_);
  if (norm_) norm_->parameters(list);
}

void StreamConv::state(std::vector<StateArray>& list) {
  if (norm_) norm_->state(list);
}

}  // namespace intrain
