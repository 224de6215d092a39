#include "micro/step.h"

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "micro/errors.h"
#include "micro/forward.h"
#include "micro/parameters.h"
#include "micro/products.h"
#include "micro/update.h"
#include "ops/activate/activate.h"
#include "ops/batch_norm/channels.h"
#include "ops/error/error.h"
#include "ops/error/product_error.h"
#include "ops/pool/pool.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain::micro {
namespace {

// One layer's backward pass.
struct Pass {
  const Net& net;
  const Layer& layer;
  uint8_t* arena;
  const SgdStep& step;
  ErrorRandom random;  // of E2

  template <class T>
  T* at(Place p) const {
    return place<T>(arena, p);
  }
  Error& error(Place p) const { return *place<Error>(arena, p); }
  int32_t* grad() const { return at<int32_t>(layer.backward.grad); }
  int64_t out_elements() const { return layer.shape.dst_pixels() * layer.shape.k; }
  int64_t in_elements() const { return layer.shape.src_pixels() * layer.shape.c; }
};

// sums: the exact gradient, where that does not lie in scratch memory.
void update(const Pass& p, const Tensor& t, int grad_exp, const int64_t* sums = nullptr) {
  const bool keeps = t.momentum != kNone;
  const ops::SgdTensor tensor{t.count,
                              p.at<int32_t>(t.master),
                              keeps ? p.at<int16_t>(t.momentum) : nullptr,
                              {},
                              keeps ? *p.at<int32_t>(t.momentum_exp) : 0,
                              grad_exp,
                              t.grad_bits,
                              t.number};
  const int momentum_exp = update_parameters(tensor, p.step, sums, p.grad());
  if (keeps) *p.at<int32_t>(t.momentum_exp) = momentum_exp;
}

// Sums of what comes back, of a maximum, become E1 of the input.
void stage_error(const Pass& p, const int32_t* sums, int exp) {
  Error& in = p.error(p.layer.in_error);
  const ops::ErrorScale scale = ops::error_scale(ops::max_abs_reference({sums, p.in_elements()}), exp, 0, 0);
  in.max = ops::error_stage_reference({sums, nullptr, scale, p.in_elements(), in.elements()});
  in.exp = scale.exp;
}

// From E2, of exponent `exp`, to E1 of the input and the new W. The gradients of the norm or the bias come behind it: until the input's error is
// there, W and what else it takes may lie where gradients will (firmware_places.cc).
void multiply_back(const Pass& p, const Parameters& parameters, int exp) {
  const int8_t* const error8 = p.at<int8_t>(p.layer.backward.error8);
  if (p.layer.in_error != kNone) {
    int32_t* const sums = p.at<int32_t>(p.layer.backward.sums);
    product_backward_data(p.layer.shape, error8, parameters.weight8, sums);
    stage_error(p, sums, exp + parameters.weight_exp);
  }
  product_backward_weights(p.layer.shape, p.at<uint8_t>(p.layer.in), error8, p.grad());
  update(p, p.layer.weight, p.layer.in_exp + exp);
}

// The bias' gradient is the sum of E2: of at most kMaxReduction pixels, as products.h has it.
void update_bias(const Pass& p, int exp) {
  const int8_t* e = p.at<int8_t>(p.layer.backward.error8);
  int32_t* const grad = p.grad();
  const int32_t channels = p.layer.shape.k;
  for (int32_t c = 0; c < channels; ++c) grad[c] = 0;
  for (int64_t pixel = p.layer.shape.dst_pixels(); pixel > 0; --pixel)
    for (int32_t c = 0; c < channels; ++c) grad[c] += *e++;
  update(p, p.layer.beta, exp);
}

void multiply_back_with_bias(const Pass& p, const Parameters& parameters, int exp) {
  multiply_back(p, parameters, exp);
  update_bias(p, exp);
}

void quantize(const Pass& p, const int32_t* src32, const int16_t* src16, const ops::ProductScale& scale) {
  quantize_error({src32, src16, p.out_elements(), scale.shift, p.at<int8_t>(p.layer.backward.error8), &p.random, {}});
}

void backward_logits(const Pass& p, int32_t label) {
  const Parameters parameters = parameters_of(p.net, p.layer, p.layer.backward, p.arena);
  int32_t* const error = p.at<int32_t>(p.layer.backward.sums);
  const uint32_t max = ops::softmax_xent_reference(p.at<int32_t>(p.layer.out), p.layer.shape.k,
                                                   p.layer.in_exp + parameters.weight_exp, label, 1, 0, error);
  const ops::ProductScale scale = ops::product_scale(max, ops::softmax_xent_exp(1), {});
  quantize(p, error, nullptr, scale);
  multiply_back_with_bias(p, parameters, scale.exp);
}

// The exponent that layers bring E1 to, and the shift there.
struct Aligned {
  int exp, shift;
};
Aligned align(const Error& error) {
  const int exp = ops::aligned_exp(ops::error_top(&error.exp, &error.max, 1));
  return {exp, ops::error_align(exp, error.exp, error.max)};
}

void backward_relu(const Pass& p) {
  const Parameters parameters = parameters_of(p.net, p.layer, p.layer.backward, p.arena);
  Error& error = p.error(p.layer.out_error);
  const Aligned aligned = align(error);
  const int32_t max =
      ops::relu_backward_reference({error.elements(), aligned.shift, p.at<uint8_t>(p.layer.out), p.out_elements(), p.layer.top});
  const ops::ProductScale scale = ops::product_scale(static_cast<uint64_t>(max), aligned.exp, {});
  quantize(p, nullptr, error.elements(), scale);
  multiply_back_with_bias(p, parameters, scale.exp);
}

void backward_norm(const Pass& p) {
  const Parameters parameters = parameters_of(p.net, p.layer, p.layer.backward, p.arena);
  const Scratch& s = p.layer.backward;
  const int channels = p.layer.shape.k;
  const int64_t pixels = p.layer.shape.dst_pixels();
  Error& error = p.error(p.layer.out_error);
  const Aligned aligned = align(error);
  int64_t* const sums = p.at<int64_t>(s.channel_sums);
  for (int c = 0; c < 2 * channels; ++c) sums[c] = 0;
  const int8_t* const x_hat = p.at<int8_t>(p.layer.kept);
  ops::batch_norm_backward_sums_reference({error.elements(), aligned.shift, p.at<uint8_t>(p.layer.out), x_hat, pixels, channels,
                                           sums, sums + channels, p.layer.top, 0});
  int32_t *const k = p.at<int32_t>(s.k), *const b = p.at<int32_t>(s.b), *const a = p.at<int32_t>(s.a);
  const int exp = ops::batch_norm_backward_channels({channels, p.layer.in_exp + parameters.weight_exp, parameters.stage},
                                                    parameters.gamma, parameters.sigma, sums, pixels, true, aligned.exp, k, b, a);
  ops::NormBackward v{};
  v.e = error.elements();
  v.x_hat = x_hat;
  v.rows = pixels;
  v.channels = channels;
  v.k = k;
  v.b = b;
  v.a = a;
  const ops::ProductScale scale = ops::product_scale(norm_backward_max(v), exp, {});
  v.shift = scale.shift;
  v.dst = p.at<int8_t>(s.error8);
  v.random = &p.random;
  quantize_norm_backward(v);
  multiply_back(p, parameters, scale.exp);
  update(p, p.layer.gamma, ops::gamma_gradient_exp(aligned.exp), sums + channels);
  update(p, p.layer.beta, aligned.exp, sums);
}

void backward_average(const Pass& p) {
  Error &from = p.error(p.layer.out_error), &to = p.error(p.layer.in_error);
  const int64_t pixels = p.layer.shape.src_pixels();
  const ops::PoolReciprocal reciprocal = ops::pool_reciprocal(pixels);
  ops::global_average_pool_backward_reference({from.elements(), pixels, p.layer.shape.c, reciprocal.r, to.elements()});
  to.exp = ops::average_pool_backward_exp(from.exp, reciprocal);
  to.max = ops::average_pool_backward_max(from.max, reciprocal);
}

void backward_max(const Pass& p) {
  Error& from = p.error(p.layer.out_error);
  int32_t* const sums = p.at<int32_t>(p.layer.backward.sums);
  ops::max_pool_backward_reference({p.layer.pool, from.elements(), p.at<uint8_t>(p.layer.kept), sums});
  stage_error(p, sums, from.exp);
}

void backward(const Pass& p, int32_t label) {
  switch (p.layer.kind) {
    case LayerKind::kConvNorm:
      return backward_norm(p);
    case LayerKind::kProductRelu:
      return backward_relu(p);
    case LayerKind::kLogits:
      return backward_logits(p, label);
    case LayerKind::kMaxPool:
      return backward_max(p);
    case LayerKind::kAveragePool:
      return backward_average(p);
  }
}

}  // namespace

bool is_rate(Scalar10 rate) {
  constexpr int kMostExp = 1000;  // so that sums of exponents stay far from overflowing
  return 0 <= rate.mantissa && rate.mantissa <= 1023 && -kMostExp <= rate.exp && rate.exp <= kMostExp;
}

bool set_rate(uint8_t* arena, Scalar10 rate) {
  if (!is_rate(rate)) return false;
  progress(arena).rate = rate;
  return true;
}

const int32_t* train_step(const Net& net, uint8_t* arena, int32_t label) {
  SgdStep step = net.first_step;
  step.rate = progress(arena).rate;
  step.step = progress(arena).steps;
  const int32_t* const logits = forward(net, arena);
  for (int32_t i = net.layer_count - 1; i >= 0; --i) {
    const Layer& layer = net.layers[i];
    backward({net, layer, arena, step, product_error_random(step.seed, step.step, static_cast<uint32_t>(i), 0)}, label);
    if (layer.learns() && layer.in_error == kNone) break;  // the lowest
  }
  ++progress(arena).steps;
  return logits;
}

}  // namespace intrain::micro
