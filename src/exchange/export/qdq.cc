#include "exchange/export/qdq.h"

#include <algorithm>
#include <cmath>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/error.h"
#include "exchange/channel_order.h"

namespace intrain {

namespace {

// Of channel c: value = slope y + intercept, y an integer before the norm.
struct Line {
  double slope, intercept;
};
Line line_of(const NormGraph& n, size_t c) {
  const double unit = std::ldexp(n.gamma[c], n.left + n.exp + kGammaExp - n.shift[c]);
  return {n.mult[c] * unit, n.offset[c] * unit + std::ldexp(n.beta[c], kGammaExp)};
}

void check(const NormGraph& n) {
  if (n.limit < kS8Max)
    throw Error("this net was trained with fewer than 8 bits of x_hat, which the graph would not round to", Setting{"qdq"},
                "take `exact`, which rounds as the training did");
}

}  // namespace

std::string QdqSink::dequantize(const std::string& u8, const std::string& output, int exp, int zero_point) {
  return graph_.node("DequantizeLinear", output, {u8, graph_.power_of_two(exp), graph_.scalar(OnnxType::kU8, zero_point)});
}

const std::string& QdqSink::real(const Value* value) {
  const auto known = reals_.find(value);
  if (known != reals_.end()) return known->second;
  const Stored& codes = stored(value);
  return reals_[value] = dequantize(codes.tensor, value->name + ".real", codes.exp, zero_point(value));
}

void QdqSink::quantize(const Value* value, const std::string& real, int exp, int bottom, int top) {
  const std::string& name = value->name;
  const int zero = zero_point(value);
  // A ReLU's ends are those of u8; what lies within is clipped as codes, because a Clip before the rounding would keep runtimes from making
  // one operator of it and the convolution.
  const bool clips = value->is_signed() ? top < kS8Max : top < kU8Max;
  const std::string before = value->is_signed() ? real : graph_.node("Relu", name + ".relu", {real});
  std::string codes = graph_.node("QuantizeLinear", clips ? name + ".codes" : name,
                                  {before, graph_.power_of_two(exp), graph_.scalar(OnnxType::kU8, zero)});
  if (clips)
    codes =
        graph_.node("Clip", name, {codes, graph_.scalar(OnnxType::kU8, bottom + zero), graph_.scalar(OnnxType::kU8, top + zero)});
  store(value, codes, exp);
}

void QdqSink::finish(const std::string& sum, const NormGraph& n) {
  if (n.out->kind == Value::Kind::kNormalized)
    reals_[n.out] = sum;
  else
    quantize(n.out, sum, n.out->exp + n.out_left, n.bottom, n.top);
}

void QdqSink::conv_bn(const ConvGraph& conv, const NormGraph& n) {
  check(n);
  const std::string& name = n.out->name;
  const ConvShape& s = conv.shape;
  const std::string x = real(conv.in);
  std::vector<int8_t> weight = conv_weight(conv);
  std::vector<float> scale, bias_scale;
  std::vector<int32_t> bias;
  for (size_t c = 0; c < static_cast<size_t>(s.k); ++c) {
    const Line line = line_of(n, c);
    // The scale is positive: a negative slope turns the weights. A slope of 0 leaves a constant, in steps of 2^-14.
    double step = std::ldexp(std::abs(line.slope), -conv.shift[c]);
    if (step == 0) step = std::ldexp(1, kFineExp + kGammaExp);
    // Where the bias is so large against the products that it leaves s32, coarser weights are fine enough.
    int coarser = 0;
    while (std::abs(line.intercept) > std::ldexp(step, 30 + coarser)) ++coarser;
    step = std::ldexp(step, coarser);
    for (int8_t* w = weight.data() + c * static_cast<size_t>(s.fan_in());
         w != weight.data() + (c + 1) * static_cast<size_t>(s.fan_in()); ++w)
      *w = static_cast<int8_t>(line.slope == 0 ? 0 : rshift_round(line.slope < 0 ? -*w : *w, coarser));
    // Runtimes add the bias to the sum of codes: its scale is the product of the other two.
    const double unit = std::ldexp(step, stored(conv.in).exp - conv.in->exp);
    scale.push_back(static_cast<float>(std::ldexp(step, -conv.in->exp)));
    bias_scale.push_back(static_cast<float>(unit));
    bias.push_back(static_cast<int32_t>(std::lrint(line.intercept / unit)));
  }
  const OnnxGraph::Attribute axis = OnnxGraph::integer("axis", 0);
  const std::string w = graph_.node("DequantizeLinear", name + ".weight",
                                    {graph_.constant(name + ".weight.s8", weight, {s.k, s.group_c(), s.kh, s.kw}),
                                     graph_.constant(name + ".weight.scale", scale, {s.k}),
                                     graph_.constant(name + ".weight.zero", std::vector<int8_t>(scale.size()), {s.k})},
                                    {axis});
  const std::string b =
      graph_.node("DequantizeLinear", name + ".bias",
                  {graph_.constant(name + ".bias.s32", bias, {s.k}), graph_.constant(name + ".bias.scale", bias_scale, {s.k}),
                   graph_.constant(name + ".bias.zero", std::vector<int32_t>(scale.size()), {s.k})},
                  {axis});
  std::string y = graph_.node("Conv", name + ".conv", {x, w, b}, conv_attributes(s));
  if (n.shortcut != nullptr) y = graph_.node("Add", name + ".sum", {y, real(n.shortcut)});
  finish(y, n);
}

void QdqSink::stream_conv(const ConvGraph& conv, const Value* addend, const Value* stream, const NormGraph* n) {
  const std::string& name = stream->name;
  const ConvShape& s = conv.shape;
  const std::string w = graph_.node("DequantizeLinear", name + ".weight",
                                    {graph_.constant(name + ".weight.s8", conv_weight(conv), {s.k, s.group_c(), s.kh, s.kw}),
                                     graph_.power_of_two(conv.weight_exp), graph_.scalar(OnnxType::kS8, 0)});
  std::string h = graph_.node("Conv", addend != nullptr ? name + ".conv" : name, {real(conv.in), w}, conv_attributes(s));
  if (addend != nullptr) h = graph_.node("Add", name, {h, real(addend)});
  reals_[stream] = h;
  if (n == nullptr) return;
  check(*n);
  // The stream goes on, so the norm cannot be in the weights.
  std::vector<float> slope, intercept;
  for (size_t c = 0; c < static_cast<size_t>(s.k); ++c) {
    const Line line = line_of(*n, c);
    slope.push_back(static_cast<float>(std::ldexp(line.slope, -stream->exp)));
    intercept.push_back(static_cast<float>(line.intercept));
  }
  const std::string& out = n->out->name;
  const std::string scaled = graph_.node("Mul", out + ".scaled", {h, graph_.constant(out + ".slope", slope, {s.k, 1, 1})});
  finish(graph_.node("Add", out + ".normalized", {scaled, graph_.constant(out + ".intercept", intercept, {s.k, 1, 1})}), *n);
}

// As of a convolution, the bias counts sums of codes, which may be coarser than the value's exponent.
std::string QdqSink::bias_of(const LinearGraph& linear, const std::string& name) {
  const Stored& in = stored(linear.in);
  std::vector<int32_t> bias;
  for (const int32_t v : linear.bias) bias.push_back(static_cast<int32_t>(rshift_round(v, in.exp - linear.in->exp)));
  return graph_.node("DequantizeLinear", name + ".bias",
                     {graph_.constant(name + ".bias.s32", bias, {static_cast<int64_t>(bias.size())}),
                      graph_.power_of_two(in.exp + linear.weight_exp), graph_.scalar(OnnxType::kS32, 0)});
}

void QdqSink::conv_relu(const ConvShape& s, const LinearGraph& linear) {
  const std::string& name = linear.out->name;
  const std::vector<int8_t> weight = swap_axes<int8_t>(linear.weight, s.taps(), s.group_c());
  const std::string w = graph_.node("DequantizeLinear", name + ".weight",
                                    {graph_.constant(name + ".weight.s8", weight, {s.k, s.group_c(), s.kh, s.kw}),
                                     graph_.power_of_two(linear.weight_exp), graph_.scalar(OnnxType::kS8, 0)});
  const std::string y = graph_.node("Conv", name + ".conv", {real(linear.in), w, bias_of(linear, name)}, conv_attributes(s));
  quantize(linear.out, y, linear.out->exp + linear.out_left, 0, linear.top);
}

void QdqSink::linear(const LinearGraph& linear) {
  const bool logits = linear.out == nullptr;
  const std::string name = logits ? kLogits : linear.out->name;
  const int64_t outputs = static_cast<int64_t>(linear.bias.size()), inputs = linear.in->elements();
  const Stored& in = stored(linear.in);
  const std::string x = dequantize(flat(linear.in, name), name + ".real_in", in.exp, zero_point(linear.in));
  const std::string w = graph_.node("DequantizeLinear", name + ".weight",
                                    {graph_.constant(name + ".weight.s8", linear_weight(linear), {outputs, inputs}),
                                     graph_.power_of_two(linear.weight_exp), graph_.scalar(OnnxType::kS8, 0)});
  const std::string b = bias_of(linear, name);
  const std::string y = graph_.node("Gemm", logits ? name : name + ".gemm", {x, w, b}, {OnnxGraph::integer("transB", 1)});
  if (logits) {
    graph_.output(name, OnnxType::kFloat, {outputs});
    return;
  }
  quantize(linear.out, y, linear.out->exp + linear.out_left, 0, linear.top);
  store(linear.out, unflat(stored(linear.out).tensor, name + ".image"), stored(linear.out).exp);
}

void QdqSink::average_pool(const Value* in, const Value* out) {
  quantize(out, graph_.node("GlobalAveragePool", out->name + ".mean", {real(in)}), out->exp, 0, kU8Max);
}

}  // namespace intrain
