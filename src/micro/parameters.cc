#include "micro/parameters.h"

#include "ops/batch_norm/channels.h"
#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/staging.h"
#include "ops/quantize/quantize.h"

namespace intrain::micro {
namespace {

Parameters fixed(const Net& net, const Layer& layer) {
  const Fixed& f = layer.fixed;
  return {constant<int8_t>(net, f.weight8),  f.weight_exp,
          constant<int32_t>(net, f.bias),    constant<int32_t>(net, f.stage),
          constant<int32_t>(net, f.mult),    constant<int32_t>(net, f.offset),
          constant<int32_t>(net, f.f_shift), nullptr,
          constant<int8_t>(net, f.gamma),    constant<int8_t>(net, f.beta)};
}

// Staging, and the running statistics as one multiply and one shift a channel.
void make_norm(const Net& net, const Layer& layer, const Scratch& s, int weight_exp, uint8_t* arena) {
  const int channels = layer.shape.k;
  int32_t* const stage = place<int32_t>(arena, s.stage);
  ops::staging_shifts(layer.shape, place<int8_t>(arena, s.weight8), stage);
  const Widths widths;
  ops::batch_norm_fold({channels, layer.in_exp + weight_exp, stage}, constant<int64_t>(net, layer.running_mean),
                       constant<int64_t>(net, layer.running_var), widths, ops::norm_grid(widths, true),
                       {place<uint32_t>(arena, s.sigma), place<int32_t>(arena, s.mult), place<int32_t>(arena, s.offset),
                        place<int32_t>(arena, s.f_shift)});
  ops::quantize_fixed_reference(
      {place<int32_t>(arena, layer.gamma.master), channels, ops::kGammaShift, place<int8_t>(arena, s.gamma)});
  ops::quantize_fixed_reference(
      {place<int32_t>(arena, layer.beta.master), channels, ops::kGammaShift, place<int8_t>(arena, s.beta)});
}

}  // namespace

Parameters parameters_of(const Net& net, const Layer& layer, const Scratch& s, uint8_t* arena) {
  if (!layer.learns()) return fixed(net, layer);
  int8_t* const weight8 = place<int8_t>(arena, s.weight8);
  const int t =
      ops::quantize_weights_reference(place<int32_t>(arena, layer.weight.master), layer.weight.count, {}, 0, 24, weight8);
  const int weight_exp = ops::weight_exp(t);
  if (layer.kind == LayerKind::kConvNorm)
    make_norm(net, layer, s, weight_exp, arena);
  else
    ops::rescale_bias_reference(place<int32_t>(arena, layer.beta.master), layer.shape.k, layer.in_exp + weight_exp,
                                place<int32_t>(arena, s.bias));
  return {weight8,
          weight_exp,
          place<int32_t>(arena, s.bias),
          place<int32_t>(arena, s.stage),
          place<int32_t>(arena, s.mult),
          place<int32_t>(arena, s.offset),
          place<int32_t>(arena, s.f_shift),
          place<uint32_t>(arena, s.sigma),
          place<int8_t>(arena, s.gamma),
          place<int8_t>(arena, s.beta)};
}

}  // namespace intrain::micro
