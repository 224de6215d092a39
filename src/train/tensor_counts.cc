#include "train/tensor_counts.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/formats.h"
#include "base/rounding.h"
#include "nn/layer.h"

namespace intrain {

const char* tensor_name(TensorKind kind) {
  static const char* const kNames[kTensorKinds] = {"W", "A", "x_hat", "E1", "E2", "G", "stream"};
  return kNames[static_cast<int>(kind)];
}

int64_t format_limit(TensorKind kind, const Widths& widths, bool is_signed) {
  const auto s8 = [](int bits) { return quantize_limit(bits) << (8 - bits); };
  switch (kind) {
    case TensorKind::kW:
      return s8(widths.w);
    case TensorKind::kA:
      return activation_top(is_signed ? Activation::kLinear : Activation::kRelu, widths);
    case TensorKind::kXHat:
      return s8(std::min(8, widths.x_hat));
    case TensorKind::kE1:
      return quantize_limit(widths.e1) << (16 - widths.e1);
    case TensorKind::kE2:
      if (widths.flag_e2) return kS8Max << widths.e2_plane_shift();
      return widths.e2 > 8 ? std::min<int64_t>(quantize_limit(widths.e2), kPlanesMax) : s8(widths.e2);
    case TensorKind::kG:
      return quantize_limit(widths.g);
    case TensorKind::kStream:
      return kS16Max;
  }
  return 0;
}

void show_gradient(const Parameter& p, const SgdStep& step, TensorSink& tensors) {
  if (!p.is_weight()) return;
  uint64_t max = 0;
  const ExactSums sums = p.sums();
  for (int64_t i = 0; i < p.count(); ++i) max = std::max(max, magnitude(sums[i]));
  const bool constant = step.range_log2 > 0;
  const int shift = constant ? nearest_log2(max) - step.range_log2 : quantize_shift(max, p.grad_bits);
  const int64_t limit = quantize_limit(constant ? step.range_log2 + 1 : p.grad_bits);
  const int exp = constant ? -(step.momentum_bits + 1) : p.grad_exp + shift;
  const std::string layer = p.name.substr(0, p.name.rfind('.'));
  std::array<int16_t, 4096> block;
  constexpr auto kBlock = static_cast<int64_t>(block.size());
  for (int64_t first = 0; first < p.count(); first += kBlock) {
    const int64_t count = std::min(kBlock, p.count() - first);
    for (int64_t i = 0; i < count; ++i)
      block[static_cast<size_t>(i)] = static_cast<int16_t>(clamp(scale_pow2(sums[first + i], -shift), -limit, limit));
    tensors.tensor(layer, TensorKind::kG, block.data(), count, exp);
  }
}

template <class Integer>
void NumbersSink::add(const std::string& layer, TensorKind kind, const Integer* data, int64_t count, int exp) {
  const int limit = static_cast<int>(format_limit(kind, widths_, std::is_signed_v<Integer>));
  auto at = std::find_if(layers_.begin(), layers_.end(), [&](const LayerNumbers& l) { return l.layer == layer; });
  if (at == layers_.end()) at = layers_.insert(at, {layer, {}});
  TensorNumbers& numbers = at->tensor[static_cast<int>(kind)];
  numbers.count += count;
  numbers.exp = exp;
  // Blocks whose counts fit the lanes of a vector that the compiler makes of the loop.
  constexpr int64_t kBlock = 4096;
  for (int64_t first = 0; first < count; first += kBlock) {
    int32_t zeros = 0, saturated = 0;
    const int64_t end = std::min(count, first + kBlock);
    for (int64_t i = first; i < end; ++i) {
      zeros += data[i] == 0;
      saturated += data[i] == limit || data[i] == -limit;
    }
    numbers.zeros += zeros;
    numbers.saturated += saturated;
  }
}

void NumbersSink::tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) {
  add(layer, kind, data, count, exp);
}
void NumbersSink::tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) {
  add(layer, kind, data, count, exp);
}
void NumbersSink::tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) {
  add(layer, kind, data, count, exp);
}

void NumbersSink::clear() {
  for (LayerNumbers& layer : layers_) std::fill(std::begin(layer.tensor), std::end(layer.tensor), TensorNumbers{});
}

}  // namespace intrain
