#include "exchange/export/exact.h"

#include <algorithm>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/check.h"
#include "core/error.h"
#include "exchange/channel_order.h"
#include "exchange/export/divide_round.h"

namespace intrain {

namespace {

constexpr int kZExp = kFineExp + kGammaExp;
constexpr int64_t kMostZ = int64_t{1} << 23;  // |z| of ops/activate/activate.h

std::vector<int64_t> powers(std::span<const int32_t> shifts) {
  std::vector<int64_t> result;
  for (const int32_t s : shifts) result.push_back(int64_t{1} << s);
  return result;
}

std::vector<int64_t> scaled(std::span<const int8_t> values, int left) {
  std::vector<int64_t> result;
  for (const int8_t v : values) result.push_back(v * (int64_t{1} << left));
  return result;
}

// What bounds |sum x w| of each row of W, x being u8 or s8.
std::vector<int64_t> bounds(std::span<const int8_t> weight, int64_t rows, bool signed_x) {
  std::vector<int64_t> result(static_cast<size_t>(rows));
  const size_t length = weight.size() / static_cast<size_t>(rows);
  for (size_t i = 0; i < weight.size(); ++i) result[i / length] += std::abs(weight[i]) * (signed_x ? kS8Max : kU8Max);
  return result;
}

int64_t largest(const std::vector<int64_t>& values) { return *std::max_element(values.begin(), values.end()); }

}  // namespace

std::string ExactSink::channels(const std::vector<int64_t>& values, bool wide, bool image, const std::string& name) {
  const OnnxType type = wide ? OnnxType::kS64 : OnnxType::kS32;
  if (std::equal(values.begin() + 1, values.end(), values.begin())) return graph_.scalar(type, values[0]);
  std::vector<int64_t> shape{static_cast<int64_t>(values.size())};
  if (image) shape.insert(shape.end(), {1, 1});
  if (wide) return graph_.constant(name, std::span<const int64_t>(values), shape);
  for (const int64_t v : values) CHECK_TRUE(-INT32_MAX <= v && v <= INT32_MAX);
  const std::vector<int32_t> narrow(values.begin(), values.end());
  return graph_.constant(name, std::span<const int32_t>(narrow), shape);
}

std::string ExactSink::requantize(const Numbers& x, const std::vector<int64_t>& addend, const std::vector<int64_t>& divisor,
                                  Range range, bool image, const std::string& name) {
  std::vector<int64_t> first, second, divide_by, excess;
  int64_t most = 0, low = 0, high = 0;  // of every intermediate number; of the quotients
  bool exact = true;                    // nothing is divided
  for (size_t c = 0; c < addend.size(); ++c) {
    const int64_t from = x.low + addend[c], to = x.high + addend[c];
    const DivideRound d = divide_round(from, to, divisor[c]);
    first.push_back(addend[c] + d.first);
    second.push_back(addend[c] + d.second);
    divide_by.push_back(d.divisor);
    excess.push_back(d.excess);
    exact = exact && divisor[c] == 1;
    low = std::min(low, div_round(from, divisor[c]));
    high = std::max(high, div_round(to, divisor[c]));
    // A quotient is at most its numerator, and so is the sum of the two: the divisor is at least 2.
    most = std::max({most, d.most, d.divisor, std::abs(first.back()), std::abs(second.back())});
  }
  if (exact) most = std::max({-low, high, largest(addend)});
  const bool wide = most > INT32_MAX, clips = low < range.low || high > range.high;
  const OnnxType type = wide ? OnnxType::kS64 : OnnxType::kS32;
  const auto constants = [&](const std::vector<int64_t>& values, const std::string& suffix) {
    return channels(values, wide, image, name + suffix);
  };

  // The last node takes the name.
  const std::string narrowed = wide ? name + ".s64" : name, rounded = clips ? name + ".rounded" : narrowed;
  std::string v = wide ? graph_.cast(name + ".from", x.tensor, OnnxType::kS64) : x.tensor;
  if (!exact) {
    const std::string by = constants(divide_by, ".divisor");
    const auto quotient = [&](const std::vector<int64_t>& plus, const std::string& suffix) {
      const std::string numerator = graph_.node("Add", name + suffix + ".numerator", {v, constants(plus, suffix + ".addend")});
      return graph_.node("Div", name + suffix, {numerator, by});
    };
    const std::string sum =
        graph_.node("Add", name + ".quotients", {quotient(first, ".half_up"), quotient(second, ".half_down")});
    v = graph_.node("Sub", rounded, {sum, constants(excess, ".excess")});
  } else {
    v = graph_.node("Add", rounded, {v, constants(addend, ".addend")});
  }
  if (clips) v = graph_.node("Clip", narrowed, {v, graph_.scalar(type, range.low), graph_.scalar(type, range.high)});
  return wide ? graph_.cast(name, v, OnnxType::kS32) : v;
}

std::string ExactSink::times(const std::string& x, int64_t factor, const std::string& name) {
  return factor == 1 ? x : graph_.node("Mul", name, {x, graph_.scalar(OnnxType::kS32, factor)});
}

std::string ExactSink::weight(const std::vector<int8_t>& values, const std::vector<int64_t>& shape, const std::string& name) {
  std::vector<uint8_t> raised;
  for (const int8_t w : values) raised.push_back(static_cast<uint8_t>(w + 128));
  return graph_.constant(name + ".weight", std::span<const uint8_t>(raised), shape);
}

const std::string& ExactSink::number(const Value* value) {
  const auto known = numbers_.find(value);
  if (known != numbers_.end()) return known->second;
  const std::string wide = graph_.cast(value->name + ".s32", stored(value).tensor, OnnxType::kS32);
  return numbers_[value] =
             value->is_signed() ? graph_.node("Sub", value->name + ".signed", {wide, graph_.scalar(OnnxType::kS32, 128)}) : wide;
}

void ExactSink::store_number(const Value* value, const std::string& tensor) {
  numbers_[value] = tensor;
  const std::string raised =
      value->is_signed() ? graph_.node("Add", value->name + ".raised", {tensor, graph_.scalar(OnnxType::kS32, 128)}) : tensor;
  store(value, graph_.cast(value->name, raised, OnnxType::kU8), value->exp);
}

std::string ExactSink::convolution(const ConvGraph& conv, const std::string& name) {
  const ConvShape& s = conv.shape;
  const std::string acc = graph_.node("ConvInteger", name + ".acc",
                                      {stored(conv.in).tensor, weight(conv_weight(conv), {s.k, s.group_c(), s.kh, s.kw}, name),
                                       graph_.scalar(OnnxType::kU8, zero_point(conv.in)), graph_.scalar(OnnxType::kU8, 128)},
                                      conv_attributes(s));
  const int64_t most = largest(bounds(conv.weight, s.k, s.signed_src));
  return requantize({acc, -most, most}, std::vector<int64_t>(static_cast<size_t>(s.k)), powers(conv.shift), {-kS16Max, kS16Max},
                    true, name + ".y");
}

void ExactSink::norm(const std::string& y, const NormGraph& n) {
  const std::string& name = n.out->name;
  const std::vector<int64_t> mult(n.mult.begin(), n.mult.end()), offset(n.offset.begin(), n.offset.end());
  // |y mult| <= 32767 2^14 < 2^29.
  const int64_t most = kS16Max * largest(mult);
  const std::string product = graph_.node("Mul", name + ".product", {y, channels(mult, false, true, name + ".mult")});
  const std::string x = requantize({product, -most, most}, offset, powers(n.shift), {-n.limit, n.limit}, true, name + ".x_hat");
  const std::string gamma = channels(scaled(n.gamma, n.left), false, true, name + ".gamma");
  const std::vector<int64_t> beta = scaled(n.beta, -n.exp);
  std::string z = graph_.node("Mul", name + ".scaled", {x, gamma});
  if (n.out->kind == Value::Kind::kNormalized) {
    numbers_[n.out] = graph_.node("Add", name, {z, channels(beta, false, true, name + ".beta")});
    return;
  }
  if (n.shortcut != nullptr) {
    const std::string shortcut = times(number(n.shortcut), int64_t{1} << (n.shortcut->exp - kZExp), name + ".shortcut");
    z = graph_.node("Add", name + ".sum", {z, shortcut});
  }
  const std::vector<int64_t> divisor(beta.size(), int64_t{1} << n.out_shift);
  const std::string a = requantize({z, -kMostZ, kMostZ}, beta, divisor, {n.bottom, n.top}, true, name + ".code");
  store_number(n.out, times(a, int64_t{1} << n.out_left, name + ".wide"));
}

void ExactSink::conv_bn(const ConvGraph& conv, const NormGraph& n) { norm(convolution(conv, n.out->name), n); }

void ExactSink::stream_conv(const ConvGraph& conv, const Value* addend, const Value* stream, const NormGraph* n) {
  std::string h = convolution(conv, stream->name);
  if (addend != nullptr) {
    // |y| <= 32767; a stream's |addend| as well, an activation's at most 255 2^7.
    const std::string more = times(number(addend), int64_t{1} << (addend->exp - stream->exp), stream->name + ".shortcut");
    h = graph_.node("Clip", stream->name,
                    {graph_.node("Add", stream->name + ".sum", {h, more}), graph_.scalar(OnnxType::kS32, -kS16Max),
                     graph_.scalar(OnnxType::kS32, kS16Max)});
  }
  numbers_[stream] = h;
  if (n != nullptr) norm(h, *n);
}

// The sums of a product, of `linear.weight` a row an output, with bias and ReLU, to u8.
std::string ExactSink::relu(const LinearGraph& linear, const std::string& acc, bool image) {
  const std::string& name = linear.out->name;
  const int64_t most = largest(bounds(linear.weight, static_cast<int64_t>(linear.bias.size()), linear.in->is_signed()));
  const std::vector<int64_t> bias(linear.bias.begin(), linear.bias.end());
  // A negative shift: codes above 255 are all above top.
  CHECK_LE(linear.out_shift, 31);
  const std::vector<int64_t> divisor(bias.size(), int64_t{1} << std::max(0, linear.out_shift));
  std::string a =
      requantize({acc, -most, most}, bias, divisor, {0, linear.out_shift < 0 ? kU8Max : linear.top}, image, name + ".code");
  if (linear.out_shift < 0)
    a = graph_.node("Clip", name + ".clipped",
                    {times(a, int64_t{1} << std::min(8, -linear.out_shift), name + ".raised"), graph_.scalar(OnnxType::kS32, 0),
                     graph_.scalar(OnnxType::kS32, linear.top)});
  return times(a, int64_t{1} << linear.out_left, name + ".wide");
}

void ExactSink::conv_relu(const ConvShape& s, const LinearGraph& linear) {
  const std::string& name = linear.out->name;
  const std::vector<int8_t> rows = swap_axes<int8_t>(linear.weight, s.taps(), s.group_c());
  const std::string acc = graph_.node("ConvInteger", name + ".acc",
                                      {stored(linear.in).tensor, weight(rows, {s.k, s.group_c(), s.kh, s.kw}, name),
                                       graph_.scalar(OnnxType::kU8, zero_point(linear.in)), graph_.scalar(OnnxType::kU8, 128)},
                                      conv_attributes(s));
  store_number(linear.out, relu(linear, acc, true));
}

void ExactSink::linear(const LinearGraph& linear) {
  const bool logits = linear.out == nullptr;
  const std::string name = logits ? kLogits : linear.out->name;
  const int64_t outputs = static_cast<int64_t>(linear.bias.size()), inputs = linear.in->elements();
  const std::vector<int8_t> rows = linear_weight(linear);
  std::vector<int8_t> columns(rows.size());
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inputs; ++i)
      columns[static_cast<size_t>(i * outputs + o)] = rows[static_cast<size_t>(o * inputs + i)];
  const std::string acc = graph_.node("MatMulInteger", name + ".acc",
                                      {flat(linear.in, name), weight(columns, {inputs, outputs}, name),
                                       graph_.scalar(OnnxType::kU8, zero_point(linear.in)), graph_.scalar(OnnxType::kU8, 128)});
  if (logits) {
    const int64_t most = largest(bounds(linear.weight, outputs, linear.in->is_signed()));
    const std::vector<int64_t> bias(linear.bias.begin(), linear.bias.end()), ones(bias.size(), 1);
    logits_exp_ = linear.in->exp + linear.weight_exp;
    requantize({acc, -most, most}, bias, ones, {-INT32_MAX, INT32_MAX}, false, name);
    graph_.output(name, OnnxType::kS32, {outputs});
    return;
  }
  const std::string codes = graph_.cast(name + ".u8", relu(linear, acc, false), OnnxType::kU8);
  store(linear.out, unflat(codes, name), linear.out->exp);
}

void ExactSink::average_pool(const Value* in, const Value* out) {
  const int64_t most = (kU8Max * in->pixels()) << (in->exp - out->exp);
  if (most > INT32_MAX)
    throw Error("the mean over " + std::to_string(in->pixels()) + " pixels takes sums of more than 32 bits", "",
                "export a net for smaller images, or in the form qdq");
  const std::string sum = graph_.node("ReduceSum", out->name + ".sum", {number(in), graph_.list({2, 3})});
  const std::vector<int64_t> none(static_cast<size_t>(out->c)), pixels(none.size(), in->pixels());
  store_number(out, requantize({times(sum, int64_t{1} << (in->exp - out->exp), out->name + ".scaled"), 0, most}, none, pixels,
                               {0, kU8Max}, true, out->name + ".code"));
}

}  // namespace intrain
