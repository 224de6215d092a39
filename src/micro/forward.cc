#include "micro/forward.h"

#include "base/formats.h"
#include "micro/parameters.h"
#include "micro/products.h"
#include "ops/activate/activate.h"
#include "ops/conv2d/conv2d.h"
#include "ops/initialize/initialize.h"
#include "ops/pool/pool.h"
#include "ops/sgd_momentum/sgd_momentum.h"
#include "ops/softmax_xent/softmax_xent.h"

namespace intrain::micro {
namespace {

void reset(const Net& net, const Tensor& t, uint8_t* arena) {
  if (t.count == 0) return;
  const int32_t* first = constant<int32_t>(net, t.first);
  int32_t* const master = place<int32_t>(arena, t.master);
  for (int32_t i = 0; i < t.count; ++i) master[i] = first[i];
  if (t.momentum != kNone) *place<int32_t>(arena, t.momentum_exp) = ops::kFirstMomentumExp;
}

void normalize(const Layer& layer, const Parameters& p, int32_t* sums, uint8_t* arena) {
  const int channels = layer.shape.k;
  const int64_t pixels = layer.shape.dst_pixels();
  int16_t* const staged = place<int16_t>(arena, layer.forward.staged);
  ops::stage_s16_reference({sums, channels, pixels, channels, p.stage, staged, channels});
  ops::Activate a{};
  a.y = staged;
  a.mult = p.mult;
  a.offset = p.offset;
  a.f_shift = p.f_shift;
  a.f_limit = kS16Max;
  a.x_hat = layer.kept == kNone ? nullptr : place<int8_t>(arena, layer.kept);
  a.gamma = p.gamma;
  a.beta = p.beta;
  a.rows = pixels;
  a.channels = channels;
  a.shift = layer.out_exp - (kFineExp + kGammaExp);
  a.dst = place<uint8_t>(arena, layer.out);
  a.top = layer.top;
  ops::activate_reference(a);
}

void multiply(const Net& net, const Layer& layer, uint8_t* arena) {
  const Parameters p = parameters_of(net, layer, layer.forward, arena);
  const bool logits = layer.kind == LayerKind::kLogits;
  int32_t* const sums = place<int32_t>(arena, logits ? layer.out : layer.forward.sums);
  product(layer.shape, place<uint8_t>(arena, layer.in), p.weight8, sums);
  if (logits) return ops::logits_reference(sums, p.bias, 1, layer.shape.k);
  if (layer.kind == LayerKind::kConvNorm) return normalize(layer, p, sums, arena);
  ops::relu_requantize_reference({sums, p.bias, layer.shape.dst_pixels(), layer.shape.k,
                                  layer.out_exp - (layer.in_exp + p.weight_exp), place<uint8_t>(arena, layer.out)});
}

}  // namespace

void reset(const Net& net, uint8_t* arena) {
  for (uint32_t i = 0; i < net.state_bytes; ++i) arena[i] = 0;
  for (int32_t i = 0; i < net.layer_count; ++i) {
    const Layer& layer = net.layers[i];
    reset(net, layer.weight, arena);
    reset(net, layer.gamma, arena);
    reset(net, layer.beta, arena);
  }
  if (net.learning_layers > 0) progress(arena).rate = net.first_step.rate;
}

const int32_t* forward(const Net& net, uint8_t* arena) {
  for (int32_t i = 0; i < net.layer_count; ++i) {
    const Layer& layer = net.layers[i];
    const uint8_t* const in = place<uint8_t>(arena, layer.in);
    uint8_t* const out = place<uint8_t>(arena, layer.out);
    if (layer.kind == LayerKind::kMaxPool)
      ops::max_pool_reference({layer.pool, in, out, place<uint8_t>(arena, layer.kept)});
    else if (layer.kind == LayerKind::kAveragePool)
      ops::global_average_pool_reference(
          {in, layer.shape.src_pixels(), layer.shape.c, ops::average_pool_shift(layer.in_exp, layer.out_exp), out});
    else
      multiply(net, layer, arena);
  }
  return place<int32_t>(arena, net.layers[net.layer_count - 1].out);
}

int32_t largest(const int32_t* logits, int32_t classes) {
  int32_t best = 0;
  for (int32_t i = 1; i < classes; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

}  // namespace intrain::micro
