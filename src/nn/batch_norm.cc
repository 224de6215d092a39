#include "nn/batch_norm.h"

#include <algorithm>
#include <atomic>

#include "core/atomic_max.h"
#include "core/check.h"
#include "core/error.h"
#include "nn/quantize_weights.h"
#include "nn/strips.h"
#include "ops/kernels.h"
#include "ops/stream/stream.h"

namespace intrain {

BatchNorm::BatchNorm(std::string layer, Value* shortcut, Value* out, Activation activation)
    : layer_(std::move(layer)), shortcut_(shortcut), out_(out), activation_(activation) {
  out_->takes_top = true;
  gamma_.name = layer_ + ".gamma";
  gamma_.initializer = Initializer::kOne;
  beta_.name = layer_ + ".beta";
  for (Parameter* p : {&gamma_, &beta_}) {
    p->shape = {out->c};
    p->grad_bits = 16;
    p->grad_reduced = true;
  }
}

void BatchNorm::reset_statistics() {
  folded_ = false;
  ops::running_reset(out_->c, running_mean_.data(), running_var_.data());
}

void BatchNorm::plan(LayerPlan& plan, const Widths& widths, bool keep) {
  if (plan.training && plan.global_batch * out_->pixels() > int64_t{1} << kMaxCountLog2)
    throw Error("a batch of " + std::to_string(plan.global_batch) + " maps of " + std::to_string(out_->h) + "x" +
                    std::to_string(out_->w) + " in layer " + layer_ + " has more than 2^" + std::to_string(kMaxCountLog2) +
                    " pixels",
                Setting{"batch"}, "choose a smaller batch");
  widths_ = widths;
  grid_ = ops::norm_grid(widths, activates());
  out_grid_ = ops::activation_grid(activation_, out_->exp, widths);
  layer_index_ = plan.index;
  const size_t k = static_cast<size_t>(out_->c), batch = static_cast<size_t>(plan.max_batch);
  const size_t out_bytes = batch * static_cast<size_t>(out_->elements());
  running_mean_.lasting(plan, layer_ + ".running_mean", k);
  running_var_.lasting(plan, layer_ + ".running_var", k);
  gamma8_.lasting(plan, layer_ + ".gamma8", k);
  beta8_.lasting(plan, layer_ + ".beta8", k);
  sigma_.lasting(plan, layer_ + ".sigma", k);
  mult_.lasting(plan, layer_ + ".mult", k);
  offset_.lasting(plan, layer_ + ".offset", k);
  affine_shift_.lasting(plan, layer_ + ".affine_shift", k);
  const size_t sums = static_cast<size_t>(plan.threads) * 2 * k;
  if (plan.training) sums_.forward(plan, layer_ + ".sums", sums);
  if (plan.backward()) {
    error_sums_.backward(plan, layer_ + ".error_sums", sums);
    k_.backward(plan, layer_ + ".k", k);
    b_.backward(plan, layer_ + ".b", k);
    a_.backward(plan, layer_ + ".a", k);
    align_.backward(plan, layer_ + ".align", batch);
  }

  // Where no activation follows, x_hat is the output, and lives until the layer that adds it; else forward needs none of its own.
  if (plan.backward() && keep)
    back_buffer_ = x_hat_buffer_ = plan.kept_buffer(layer_ + ".x_hat", out_bytes);
  else if (!activates())
    x_hat_buffer_ = plan.memory.add(layer_ + ".x_hat", out_bytes, plan.index, out_->last_consumer);
  if (plan.backward() && !keep) back_buffer_ = plan.backward_buffer(layer_ + ".x_hat_again", out_bytes);
}

void BatchNorm::bind(const MemoryPlan& plan, uint8_t* memory) {
  x_hat_ = reinterpret_cast<int8_t*>(plan.address(memory, x_hat_buffer_));
  back_x_hat_ = reinterpret_cast<int8_t*>(plan.address(memory, back_buffer_));
  for (auto* v : {&running_mean_, &running_var_, &sums_, &error_sums_}) v->bind(plan, memory);
  for (auto* v : {&mult_, &offset_, &affine_shift_, &k_, &b_, &a_, &align_}) v->bind(plan, memory);
  for (auto* v : {&gamma8_, &beta8_}) v->bind(plan, memory);
  sigma_.bind(plan, memory);
  reset_statistics();
  if (activates()) return;
  out_->x_hat = x_hat_;
  out_->gamma = gamma8_.data();
  out_->beta = beta8_.data();
}

void BatchNorm::quantize_parameters(const ops::Kernels& kernels, int exp, const int32_t* shift) {
  folded_ = false;
  in_ = {out_->c, exp, shift};
  quantize_stored(kernels, {gamma_.master.data(), out_->c, ops::kGammaShift, gamma8_.data()}, widths_.gamma);
  quantize_stored(kernels, {beta_.master.data(), out_->c, ops::kGammaShift, beta8_.data()}, widths_.beta);
}

int BatchNorm::stream_exp() const {
  int exp = kStreamExp;
  for (size_t c = 0; c < static_cast<size_t>(out_->c); ++c)
    exp = std::max(exp, ops::stream_exp(running_mean_.data()[c], running_var_.data()[c]));
  return exp;
}

void BatchNorm::begin_sums() {
  folded_ = false;
  std::fill(sums_.begin(), sums_.end(), 0);
}

void BatchNorm::add_sums(const ops::Kernels& kernels, const int16_t* y, int64_t rows, int thread) {
  int64_t* s1 = sums_.data() + int64_t{thread} * 2 * out_->c;
  kernels.batch_norm_sums({y, rows, out_->c, s1, s1 + out_->c});
}

void BatchNorm::add_thread_sums(const PlannedArray<int64_t>& sums) const {
  const size_t size = 2 * static_cast<size_t>(out_->c);
  for (size_t i = size; i < sums.size(); ++i) sums[i % size] += sums[i];
}

void BatchNorm::statistics(const LayerContext& context) {
  add_thread_sums(sums_);
  context.reducer.sum(sums_.data(), 2 * int64_t{out_->c});
  const int64_t n = context.global_count * out_->pixels();
  if (context.statistics == Statistics::kBatch)
    return ops::batch_norm_statistics(in_, sums_.data(), n, widths_, grid_, running_mean_.data(), running_var_.data(), maps());
  fold_running_statistics();
  ops::batch_norm_update_running(in_, sums_.data(), n, running_mean_.data(), running_var_.data());
  folded_ = false;
}

// y to x_hat where no activation follows.
void BatchNorm::normalize(const LayerContext& context, int64_t rows, const int16_t* y, int8_t* x_hat) const {
  context.kernels.batch_norm_normalize({y, rows, out_->c, mult_.data(), offset_.data(), affine_shift_.data(), x_hat});
  if (widths_.x_hat < 8) context.kernels.narrow_s8({x_hat, rows * out_->c, widths_.x_hat});
}

// y to x_hat and, without a shortcut, to the output.
ops::Activate BatchNorm::activate(const int16_t* y, int64_t rows, int8_t* x_hat, uint8_t* dst) const {
  ops::Activate p{};
  p.y = y;
  p.mult = mult_.data();
  p.offset = offset_.data();
  p.f_shift = affine_shift_.data();
  p.f_limit = grid_.limit;
  p.f_left = grid_.left;
  p.x_hat = x_hat;
  p.gamma = gamma8_.data();
  p.beta = beta8_.data();
  p.rows = rows;
  p.channels = out_->c;
  p.shift = out_grid_.shift;
  p.dst = dst;
  p.top = out_grid_.top;
  p.bottom = out_grid_.bottom;
  return p;
}

// Rows [first, first + rows) of the batch: y to x_hat and, with an activation, to the output.
void BatchNorm::normalize_and_activate(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y,
                                       int8_t* x_hat) const {
  if (!activates()) return normalize(context, rows, y, x_hat);
  const int64_t at = first * out_->c;
  ops::Activate p = activate(y, rows, x_hat, out_->output + at);
  if (shortcut_ != nullptr && shortcut_->kind == Value::Kind::kNormalized) {
    p.x_hat2 = shortcut_->x_hat + at;
    p.gamma2 = shortcut_->gamma;
    p.beta2 = shortcut_->beta;
  } else if (shortcut_ != nullptr) {
    p.src = static_cast<const uint8_t*>(shortcut_->data) + at;
    p.src_shift = ops::shortcut_shift(shortcut_->exp);
    p.src_signed = shortcut_->is_signed();
  }
  context.kernels.activate(p);
  if (widths_.a == 8) return;
  if (out_->is_signed())
    context.kernels.narrow_s8({reinterpret_cast<int8_t*>(p.dst), rows * out_->c, widths_.a});
  else
    context.kernels.narrow_u8({p.dst, rows * out_->c, widths_.a});
}

void BatchNorm::forward(const LayerContext& context, const int16_t* y) {
  const ProfileScope time(context.profile, layer_index_, ProfileOp::kNormalizeForward);
  if (context.statistics == Statistics::kFrozen)
    fold_running_statistics();
  else
    statistics(context);
  const Strips strips(context.count * out_->pixels(), out_->c, 1, context.pool.threads());
  context.pool.run(strips.count, [&](int64_t i, int) {
    const int64_t first = strips.first(i), at = first * out_->c;
    normalize_and_activate(context, first, strips.length(i), y + at, x_hat_ != nullptr ? x_hat_ + at : nullptr);
  });
  if (x_hat_ != nullptr) context.show(layer_, TensorKind::kXHat, x_hat_, context.count * out_->elements(), kNormalizedExp);
  show_output(context);
}

// The output, which the layers after this one have read, is formed again, too, without its shortcut: that is scratch.
void BatchNorm::normalize_again(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y,
                                uint8_t* scratch) const {
  int8_t* x_hat = back_x_hat_ + first * out_->c;
  if (!activates()) return normalize(context, rows, y, x_hat);
  context.kernels.activate(activate(y, rows, x_hat, scratch));
}

void BatchNorm::show_output(const LayerContext& context) const {
  const int64_t elements = context.count * out_->elements();
  if (!activates()) return;
  if (out_->is_signed())
    context.show(layer_, TensorKind::kA, reinterpret_cast<const int8_t*>(out_->output), elements, out_->exp);
  else
    context.show(layer_, TensorKind::kA, out_->output, elements, out_->exp);
}

void BatchNorm::fold_running_statistics() {
  if (!folded_) ops::batch_norm_fold(in_, running_mean_.data(), running_var_.data(), widths_, grid_, maps());
  folded_ = true;
}

void BatchNorm::evaluate_strip(const LayerContext& context, int64_t first, int64_t rows, const int16_t* y) const {
  normalize_and_activate(context, first, rows, y, activates() ? nullptr : x_hat_ + first * out_->c);
}

NormGraph BatchNorm::describe() {
  fold_running_statistics();
  return {mult_,  offset_,   affine_shift_, grid_.limit,     grid_.left,       grid_.exp,     gamma8_,
          beta8_, shortcut_, out_,          out_grid_.shift, out_grid_.bottom, out_grid_.top, out_grid_.left};
}

int BatchNorm::backward(const LayerContext& context) {
  const size_t k = static_cast<size_t>(out_->c);
  const int64_t pixels = out_->pixels();
  Value::Gradient& error = *out_->error;
  CHECK_TRUE(error.written);
  if (x_hat_ == nullptr)  // not yet shown
    context.show(layer_, TensorKind::kXHat, back_x_hat_, context.count * out_->elements(), kNormalizedExp);

  const int e_exp = ops::aligned_exp(context.top(error));
  std::fill(error_sums_.begin(), error_sums_.end(), 0);
  const Strips strips(pixels, out_->c, context.count, context.pool.threads());
  const int top_a = activation_top(activation_, widths_);
  for (int64_t n = 0; n < context.count; ++n) {
    const size_t i = static_cast<size_t>(n);
    align_[i] = ops::error_align(e_exp, error.exp[i], error.max[i]);
    error.exp[i] = e_exp;
    error.max[i] = 0;
  }
  context.pool.run(context.count * strips.count, [&](int64_t task, int thread) {
    const int64_t n = task / strips.count, strip = task % strips.count;
    const int64_t at = (n * pixels + strips.first(strip)) * out_->c;
    int64_t* sums = error_sums_.data() + static_cast<size_t>(thread) * 2 * k;
    const uint8_t* mask = activates() ? static_cast<const uint8_t*>(out_->data) + at : nullptr;
    const int32_t max = context.kernels.batch_norm_backward_sums({error.data + at, align_[static_cast<size_t>(n)], mask,
                                                                  back_x_hat_ + at, strips.length(strip), out_->c, sums, sums + k,
                                                                  top_a, out_->is_signed() ? -top_a : 0});
    std::atomic_ref<int32_t> largest(error.max[static_cast<size_t>(n)]);
    atomic_max(largest, max);
  });
  add_thread_sums(error_sums_);
  context.reducer.sum(error_sums_.data(), static_cast<int64_t>(2 * k));
  if (beta_.learns()) std::copy_n(error_sums_.data(), k, beta_.grad.begin());
  if (gamma_.learns()) std::copy_n(error_sums_.data() + k, k, gamma_.grad.begin());
  beta_.grad_exp = e_exp;
  gamma_.grad_exp = ops::gamma_gradient_exp(e_exp);
  context.show(layer_, TensorKind::kE1, error.data, context.count * out_->elements(), e_exp);
  return ops::batch_norm_backward_channels(in_, gamma8_.data(), sigma_.data(), error_sums_.data(), context.global_count * pixels,
                                           context.statistics != Statistics::kBatch, e_exp, k_.data(), b_.data(), a_.data());
}

ops::NormBackward BatchNorm::error(int64_t n, int64_t first, int64_t rows) const {
  const int64_t at = (n * out_->pixels() + first) * out_->c;
  ops::NormBackward p{};
  p.e = out_->error->data + at;
  p.x_hat = back_x_hat_ + at;
  p.rows = rows;
  p.channels = out_->c;
  p.k = k_.data();
  p.b = b_.data();
  p.a = a_.data();
  p.first = first * out_->c;
  return p;
}

void BatchNorm::finish(const LayerContext& context) {
  context.finish(gamma_);
  context.finish(beta_);
}

void BatchNorm::state(std::vector<StateArray>& list) {
  list.push_back({layer_ + ".running_mean", ElementType::kS64, out_->c, running_mean_.data(), -kRunningMost, kRunningMost,
                  StateRole::kStatistic});
  list.push_back(
      {layer_ + ".running_var", ElementType::kS64, out_->c, running_var_.data(), 0, kRunningMost, StateRole::kStatistic});
}

}  // namespace intrain
