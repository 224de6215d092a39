#include "nn/conv_bn.h"

#include <algorithm>
#include <atomic>

#include "base/formats.h"
#include "core/atomic_max.h"
#include "core/check.h"
#include "nn/backward_sink.h"
#include "nn/quantize_weights.h"

namespace intrain {

ConvBn::ConvBn(std::string name, Value* in, Value* shortcut, Value* out, const ops::ConvShape& shape, bool relu)
    : Layer(std::move(name)), in_(in), shortcut_(shortcut), out_(out), shape_(shape), relu_(relu) {
  const int64_t fan_out = shape.taps() * shape.group_k();
  weight_.name = name_ + ".weight";
  weight_.shape = {shape.k, shape.kh, shape.kw, shape.group_c()};
  weight_.initializer = Initializer::kHeNormal;
  weight_.fan = fan_out;
  gamma_.name = name_ + ".gamma";
  gamma_.initializer = Initializer::kOne;
  beta_.name = name_ + ".beta";
  for (Parameter* p : {&gamma_, &beta_}) {
    p->shape = {shape.k};
    p->grad_bits = 16;
    p->grad_reduced = true;
  }
  reset_statistics();
}

void ConvBn::reset_statistics() {
  folded_ = false;
  running_mean_.assign(static_cast<size_t>(shape_.k), 0);
  running_var_.assign(static_cast<size_t>(shape_.k), int64_t{1} << -kRunningExp);
}

void ConvBn::plan(LayerPlan& plan) {
  number_ = static_cast<uint32_t>(plan.index);
  const size_t k = static_cast<size_t>(shape_.k), batch = static_cast<size_t>(plan.max_batch);
  const size_t out_bytes = batch * static_cast<size_t>(shape_.dst_pixels()) * k;
  conv_.plan(shape_, plan.kernels, plan.threads, plan.max_batch, plan.training && in_->error != nullptr);
  for (Parameter* p : {&weight_, &gamma_, &beta_}) p->allocate(plan.training);
  weight_.grad_bits = widths_.g;
  weight8_.resize(static_cast<size_t>(shape_.weights()));
  gamma8_.resize(k);
  beta8_.resize(k);
  packed_.plan(plan, name_, conv_);
  for (auto* v : {&shift_, &mult_, &offset_, &affine_shift_, &k_, &b_, &a_}) v->resize(k);
  sigma_.resize(k);
  kappa_.resize(k);
  l1_.resize(k);
  align_.resize(batch);
  sums_.resize(static_cast<size_t>(plan.threads) * 2 * k);

  // Evaluation needs strips of the staged output and, where a ReLU follows, of x_hat; without one, x_hat is the output and lives until
  // the layer that adds it.
  const size_t x_hat_strips = static_cast<size_t>(plan.threads) * static_cast<size_t>(conv_.strip_pixels()) * k;
  staged_buffer_ = plan.forward_buffer(name_ + ".staged", std::max(plan.training ? out_bytes * 2 : 0, conv_.strip_bytes()));
  conv_buffer_ = plan.forward_buffer(name_ + ".forward_workspace", conv_.forward_workspace_bytes());
  if (plan.training)
    x_hat_buffer_ = plan.kept_buffer(name_ + ".x_hat", std::max(out_bytes, relu_ ? x_hat_strips : 0));
  else if (relu_)
    x_hat_buffer_ = plan.forward_buffer(name_ + ".x_hat", x_hat_strips);
  else
    x_hat_buffer_ = plan.memory.add(name_ + ".x_hat", out_bytes, plan.index, out_->last_consumer);
  if (plan.training) {
    size_t i = 0;
    for (const Parameter* p : {&weight_, &gamma_, &beta_}) grad_buffer_[i++] = plan.gradient_buffer(*p);
    e2_buffer_ = plan.backward_buffer(name_ + ".e2", out_bytes);
    backward_buffer_ = plan.backward_buffer(
        name_ + ".backward_workspace", std::max(conv_.backward_data_workspace_bytes(), conv_.backward_weights_workspace_bytes()));
  }
}

void ConvBn::bind(const MemoryPlan& plan, uint8_t* memory) {
  const auto at = [&](int buffer) { return plan.address(memory, buffer); };
  staged_ = reinterpret_cast<int16_t*>(at(staged_buffer_));
  conv_workspace_ = at(conv_buffer_);
  packed_.bind(plan, memory);
  x_hat_ = reinterpret_cast<int8_t*>(at(x_hat_buffer_));
  e2_ = reinterpret_cast<int8_t*>(at(e2_buffer_));
  backward_workspace_ = at(backward_buffer_);
  size_t i = 0;
  for (Parameter* p : {&weight_, &gamma_, &beta_}) p->grad = gradient_at(plan, memory, grad_buffer_[i++], *p);
  if (!relu_) {
    out_->x_hat = x_hat_;
    out_->gamma = gamma8_.data();
    out_->beta = beta8_.data();
  }
}

void ConvBn::quantize_parameters(const ops::Kernels& kernels, ThreadPool& pool) {
  folded_ = false;
  weight_exp_ = kMasterExp + quantize_weights(kernels, pool, weight_, widths_, weight8_.data());
  quantize_stored(kernels, {gamma_.master.data(), shape_.k, kGammaExp - kMasterExp, gamma8_.data()}, widths_.gamma);
  quantize_stored(kernels, {beta_.master.data(), shape_.k, kGammaExp - kMasterExp, beta8_.data()}, widths_.beta);
  pool.run(shape_.k, [&](int64_t k, int) {
    const size_t i = static_cast<size_t>(k);
    kernels.l1_norms({weight8_.data() + k * shape_.fan_in(), 1, shape_.fan_in(), &l1_[i]});
    shift_[i] = ops::staging_shift(shape_.signed_src ? kS8Max : kU8Max, l1_[i]);
  });
  packed_.changed();
}

void ConvBn::set_affine(int c, int64_t mean_q16, int64_t var_q16) {
  const size_t i = static_cast<size_t>(c);
  sigma_[i] = static_cast<uint32_t>(
      std::min<int64_t>(UINT32_MAX, round_significant(ops::batch_norm_sigma(var_q16, staged_exp(c)), widths_.sigma)));
  const ops::Affine affine = ops::batch_norm_affine(round_significant(mean_q16, widths_.mu), sigma_[i]);
  mult_[i] = affine.mult;
  offset_[i] = affine.offset;
  affine_shift_[i] = affine.shift + 8 - widths_.x_hat;
}

namespace {

// Batch-norm sums of each strip while the convolution's output is in cache. sums: [threads][2][channels].
class SumsSink final : public ops::StripSink {
 public:
  SumsSink(const ops::Kernels& kernels, int channels, int64_t* sums) : kernels_(kernels), channels_(channels), sums_(sums) {}
  void strip(int64_t, int64_t pixels, const int16_t* staged, int thread) override {
    int64_t* s1 = sums_ + int64_t{thread} * 2 * channels_;
    kernels_.batch_norm_sums({staged, pixels, channels_, s1, s1 + channels_});
  }

 private:
  const ops::Kernels& kernels_;
  int channels_;
  int64_t* sums_;
};

// Strips of `rows` rows of `channels` values: large ones for long work, as many as threads can share for short.
struct Strips {
  int64_t rows, step, count;
  Strips(int64_t rows_, int channels, int64_t times, int threads) : rows(rows_) {
    constexpr int64_t kSmallest = 1 << 14, kLargest = 1 << 16;
    const int64_t size = clamp(rows * times * channels / (8 * threads), kSmallest, kLargest);
    step = std::max<int64_t>(1, size / channels);
    count = (rows + step - 1) / step;
  }
  int64_t first(int64_t i) const { return i * step; }
  int64_t length(int64_t i) const { return std::min(step, rows - i * step); }
};

}  // namespace

void ConvBn::statistics(const LayerContext& context) {
  const size_t k = static_cast<size_t>(shape_.k);
  const int64_t pixels = shape_.dst_pixels();
  add_thread_sums();
  context.reducer.sum(sums_.data(), static_cast<int64_t>(2 * k));
  for (int c = 0; c < shape_.k; ++c) {
    const size_t i = static_cast<size_t>(c);
    const ops::Moments m = ops::batch_norm_moments(sums_[i], sums_[k + i], context.global_count * pixels);
    set_affine(c, m.mean_q16, m.var_q16);
    running_mean_[i] = ops::running_update(running_mean_[i], m.mean_q16, staged_exp(c));
    running_var_[i] = ops::running_update(running_var_[i], m.var_q16, 2 * staged_exp(c));
  }
}

void ConvBn::add_thread_sums() {
  const size_t size = 2 * static_cast<size_t>(shape_.k);
  for (size_t i = size; i < sums_.size(); ++i) sums_[i % size] += sums_[i];
}

// Rows [first, first + rows) of the batch: staged output to x_hat and, with relu, to the output.
void ConvBn::normalize_and_activate(const LayerContext& context, int64_t first, int64_t rows, const int16_t* staged,
                                    int8_t* x_hat) const {
  context.kernels.batch_norm_normalize({staged, rows, shape_.k, mult_.data(), offset_.data(), affine_shift_.data(), x_hat});
  if (widths_.x_hat < 8) context.kernels.narrow_s8({x_hat, rows * shape_.k, widths_.x_hat});
  if (!relu_) return;
  const int64_t at = first * shape_.k;
  ops::Activate p{};
  p.x_hat = x_hat;
  p.gamma = gamma8_.data();
  p.beta = beta8_.data();
  if (shortcut_ != nullptr && shortcut_->kind == Value::Kind::kNormalized) {
    p.x_hat2 = shortcut_->x_hat + at;
    p.gamma2 = shortcut_->gamma;
    p.beta2 = shortcut_->beta;
  } else if (shortcut_ != nullptr) {
    p.src = static_cast<const uint8_t*>(shortcut_->data) + at;
    p.src_shift = shortcut_->exp - kScaledExp;
  }
  p.rows = rows;
  p.channels = shape_.k;
  p.shift = out_->exp - kScaledExp + 8 - widths_.a;
  p.dst = out_->output + at;
  context.kernels.activate(p);
  if (widths_.a < 8) context.kernels.narrow_u8({p.dst, rows * shape_.k, widths_.a});
}

void ConvBn::forward(const LayerContext& context) {
  folded_ = false;
  std::fill(sums_.begin(), sums_.end(), 0);
  SumsSink sink(context.kernels, shape_.k, sums_.data());
  {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvForward);
    const uint8_t* packed = packed_.get(context, conv_, weight8_.data());
    conv_.forward(context.pool, context.count, in_->data, weight8_.data(), packed, {shift_.data(), staged_}, &sink,
                  conv_workspace_);
  }
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kNormalizeForward);
  statistics(context);
  const Strips strips(context.count * shape_.dst_pixels(), shape_.k, 1, context.pool.threads());
  context.pool.run(strips.count, [&](int64_t i, int) {
    const int64_t first = strips.first(i), at = first * shape_.k;
    normalize_and_activate(context, first, strips.length(i), staged_ + at, x_hat_ + at);
  });
  const int64_t elements = context.count * shape_.dst_pixels() * shape_.k;
  context.show(name_, TensorKind::kW, weight8_.data(), shape_.weights(), weight_exp_);
  context.show(name_, TensorKind::kXHat, x_hat_, elements, kNormalizedExp);
  if (relu_) context.show(name_, TensorKind::kA, out_->output, elements, out_->exp);
}

// Mean and variance are folded into one multiply and shift a channel once; each strip goes through all that follows while it is in
// cache, and neither the convolution's output nor x_hat is kept.
class ConvBn::EvaluateSink final : public ops::StripSink {
 public:
  EvaluateSink(const ConvBn& layer, const LayerContext& context) : layer_(layer), context_(context) {}
  void strip(int64_t first, int64_t pixels, const int16_t* staged, int thread) override {
    const int64_t k = layer_.shape_.k, at = layer_.relu_ ? thread * layer_.conv_.strip_pixels() * k : first * k;
    layer_.normalize_and_activate(context_, first, pixels, staged, layer_.x_hat_ + at);
  }

 private:
  const ConvBn& layer_;
  const LayerContext& context_;
};

void ConvBn::evaluate(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvForward);
  if (!folded_)
    for (int c = 0; c < shape_.k; ++c) {
      const size_t i = static_cast<size_t>(c);
      const ops::Moments m = ops::running_moments(running_mean_[i], running_var_[i], staged_exp(c));
      set_affine(c, m.mean_q16, m.var_q16);
    }
  folded_ = true;
  EvaluateSink sink(*this, context);
  const uint8_t* packed = packed_.get(context, conv_, weight8_.data());
  conv_.forward(context.pool, context.count, in_->data, weight8_.data(), packed, {shift_.data(), staged_, nullptr, true}, &sink,
                conv_workspace_);
}

// From E1 of the output to E2, the error at the convolution output, and the gradients of gamma and beta.
void ConvBn::backward_batch_norm(const LayerContext& context) {
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kNormalizeBackward);
  const size_t k = static_cast<size_t>(shape_.k);
  const int64_t pixels = shape_.dst_pixels(), n_total = context.global_count * pixels;
  Value::Error& error = *out_->error;

  int64_t top = ops::error_top(error.exp.data(), error.max.data(), context.count);
  context.reducer.max(&top, 1);
  const int e_exp = ops::aligned_exp(top);
  std::fill(sums_.begin(), sums_.end(), 0);
  const Strips strips(pixels, shape_.k, context.count, context.pool.threads());
  const int64_t strip_count = context.count * strips.count;
  for (int64_t n = 0; n < context.count; ++n) {
    const size_t i = static_cast<size_t>(n);
    align_[i] = error.max[i] == 0 ? 0 : e_exp - error.exp[i];
    error.exp[i] = e_exp;
    error.max[i] = 0;
  }
  context.pool.run(strip_count, [&](int64_t task, int thread) {
    const int64_t n = task / strips.count, strip = task % strips.count;
    const int64_t at = (n * pixels + strips.first(strip)) * shape_.k;
    int64_t* sums = sums_.data() + static_cast<size_t>(thread) * 2 * k;
    const uint8_t* mask = relu_ ? static_cast<const uint8_t*>(out_->data) + at : nullptr;
    const int32_t max =
        context.kernels.batch_norm_backward_sums({error.data + at, align_[static_cast<size_t>(n)], mask, x_hat_ + at,
                                                  strips.length(strip), shape_.k, sums, sums + k, activation_top()});
    std::atomic_ref<int32_t> largest(error.max[static_cast<size_t>(n)]);
    atomic_max(largest, max);
  });
  add_thread_sums();
  context.reducer.sum(sums_.data(), static_cast<int64_t>(2 * k));
  std::copy_n(sums_.begin(), k, beta_.grad.begin());
  std::copy_n(sums_.begin() + static_cast<int64_t>(k), k, gamma_.grad.begin());
  beta_.grad_exp = e_exp;
  gamma_.grad_exp = e_exp + kNormalizedExp;

  uint64_t kappa_max = 0;
  for (size_t c = 0; c < k; ++c) {
    kappa_[c] = ops::batch_norm_kappa(gamma8_[c], shift_[c], sigma_[c]);
    kappa_max = std::max(kappa_max, magnitude(kappa_[c]));
  }
  const int t = quantize_shift(kappa_max, 12);
  for (size_t c = 0; c < k; ++c) {
    const ops::BackwardCoefficients v = ops::batch_norm_coefficients(kappa_[c], t, sums_[c], sums_[k + c], n_total);
    k_[c] = v.k;
    b_[c] = v.b;
    a_[c] = v.a;
  }

  const auto slice = [&](int64_t n, int64_t strip) {
    const int64_t first = strips.first(strip) * shape_.k, at = n * pixels * shape_.k + first;
    ops::NormBackward p{error.data + at, x_hat_ + at, strips.length(strip), shape_.k, k_.data(), b_.data(), a_.data(), 0,
                        e2_ + at};
    p.first = first;
    return p;
  };
  std::fill(sums_.begin(), sums_.end(), 0);  // now each thread's maximum
  context.pool.run(strip_count, [&](int64_t task, int thread) {
    int64_t& max = sums_[static_cast<size_t>(thread) * 2 * k];
    max = std::max<int64_t>(max, context.kernels.batch_norm_backward_max(slice(task / strips.count, task % strips.count)));
  });
  int64_t max = *std::max_element(sums_.begin(), sums_.end());
  context.reducer.max(&max, 1);
  const int shift = quantize_shift(static_cast<uint64_t>(max), 8);
  context.pool.run(strip_count, [&](int64_t task, int) {
    ops::NormBackward p = slice(task / strips.count, task % strips.count);
    const ErrorRandom random = context.error_random(number_, task / strips.count);
    p.shift = shift + 8 - widths_.e2;
    p.random = widths_.nearest_e ? nullptr : &random;
    context.kernels.batch_norm_backward_quantize(p);
    if (widths_.e2 < 8) context.kernels.narrow_s8({p.dst, p.rows * p.channels, widths_.e2});
  });
  e2_exp_ = ops::batch_norm_diff_exp(e_exp, t, in_->exp, weight_exp_) + shift;
  context.show(name_, TensorKind::kE1, error.data, context.count * pixels * shape_.k, e_exp);
  context.show(name_, TensorKind::kE2, e2_, context.count * pixels * shape_.k, e2_exp_);
}

void ConvBn::backward(const LayerContext& context) {
  CHECK_TRUE(out_->error->written);
  backward_batch_norm(context);
  // The sum passes its error on to the shortcut, which shares the tensor: masked, and not yet added to.
  if (shortcut_ != nullptr && shortcut_->error != nullptr) shortcut_->error->written = true;

  {
    const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardWeights);
    conv_.backward_weights(context.pool, context.count, in_->data, e2_, weight_.grad.data(), backward_workspace_);
  }
  weight_.grad_exp = in_->exp + e2_exp_;
  for (Parameter* p : {&weight_, &gamma_, &beta_}) context.finish(*p);
  if (in_->error == nullptr) return;
  const ProfileScope time(context.profile, static_cast<int>(number_), ProfileOp::kConvBackwardData);
  ErrorSink sink(context, *in_, e2_exp_ + weight_exp_);
  conv_.backward_data(context.pool, context.count, e2_, weight8_.data(), sink, backward_workspace_);
  in_->error->written = true;
}

void ConvBn::parameters(std::vector<Parameter*>& list) { list.insert(list.end(), {&weight_, &gamma_, &beta_}); }

void ConvBn::state(std::vector<StateArray>& list) {
  list.push_back({name_ + ".running_mean", ElementType::kS64, shape_.k, running_mean_.data()});
  list.push_back({name_ + ".running_var", ElementType::kS64, shape_.k, running_var_.data()});
}

}  // namespace intrain
