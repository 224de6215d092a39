// What a net computes at evaluation, layer by layer and in numbers, for whoever writes it down in another form (exchange/). Nothing here can
// be changed; spans are valid until the net's parameters change.
#pragma once

#include <cstdint>
#include <span>

#include "base/api.h"
#include "base/shapes.h"

namespace intrain {

struct Value;

// y = clamp(rshift_round(acc, shift[c]), +-32767), acc the convolution of `in`; y of channel c has the exponent in->exp + weight_exp +
// shift[c].
struct ConvGraph {
  const Value* in;
  ConvShape shape;
  std::span<const int8_t> weight;  // [k][kh][kw][c of a group]
  int weight_exp;
  std::span<const int32_t> shift;  // k, each 0 to kMaxStagingShift
};

// Of y, a channel each:
//   x = clamp(rshift_round(y mult + offset, shift), +-limit) 2^left, of exponent exp
// Without an activation (out is kNormalized) the layer's output is gamma x + beta 2^-exp, of exponent kScaledExp. Else, at kFineExp +
// kGammaExp,
//   z = gamma x + beta 2^-exp + shortcut 2^(exponent of shortcut - kFineExp - kGammaExp)
//   out = clamp(rshift_round(z, out_shift), bottom, top) 2^out_left
// with the bounds of ops/activate/activate.h. A kNormalized shortcut is the output of its layer, as above.
struct NormGraph {
  std::span<const int32_t> mult, offset, shift;  // mult at most 2^14, |offset| at most 2^29, shift 0 to 31
  int limit, left, exp;
  std::span<const int8_t> gamma, beta;
  const Value* shortcut;  // or null
  const Value* out;
  int out_shift, bottom, top, out_left;  // not read where out is kNormalized
};

// acc + bias, acc = sum over the pixels and channels of `in` times W.
//   ReLU: out = clamp(scale_pow2(acc + bias, -out_shift), 0, top) 2^out_left
//   logits (out is null): clamp(acc + bias, +-(2^31 - 1)), of exponent in->exp + weight_exp
struct LinearGraph {
  const Value* in;
  std::span<const int8_t> weight;  // [outputs][h][w][c]
  int weight_exp;
  std::span<const int32_t> bias;  // outputs
  const Value* out;               // or null
  int out_shift, top, out_left;
};

class INTRAIN_API GraphSink {
 public:
  virtual ~GraphSink() = default;
  virtual void conv_bn(const ConvGraph& conv, const NormGraph& norm) = 0;
  // stream = clamp(y + addend 2^(exponent of addend - that of stream), +-32767); then the norm of it. addend, norm: or null.
  virtual void stream_conv(const ConvGraph& conv, const Value* addend, const Value* stream, const NormGraph* norm) = 0;
  virtual void linear(const LinearGraph& linear) = 0;
  // The same at each pixel, W that of a convolution: [k][kh][kw][c of a group]. With a ReLU.
  virtual void conv_relu(const ConvShape& shape, const LinearGraph& linear) = 0;
  // As ops/pool/pool.h says.
  virtual void max_pool(const Value* in, const Value* out, const MaxPoolShape& shape) = 0;
  virtual void average_pool(const Value* in, const Value* out) = 0;
  // As ops/shortcut/shortcut.h says; both have one exponent.
  virtual void pad_shortcut(const Value* in, const Value* out, const PadShortcutShape& shape) = 0;
};

}  // namespace intrain
