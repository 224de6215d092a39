// E2, the error that a layer's two products of the way back take: one s8 tensor, or two planes (ops/error_plane.h), whose products are
// formed one after the other and added.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "nn/backward_sink.h"
#include "nn/layer.h"

namespace intrain {

class ProductError {
 public:
  // `elements` of all images; `weight` the layer's W, allocated.
  void plan(LayerPlan& plan, const std::string& layer, const Widths& widths, size_t elements, const Parameter& weight) {
    widths_ = widths;
    upper_buffer_ = plan.backward_buffer(layer + ".e2", elements);
    if (widths.e2_planes() == 1) return;
    lower_buffer_ = plan.backward_buffer(layer + ".e2_low", elements);
    sums_buffer_ = plan.backward_buffer(layer + ".plane_gradient", static_cast<size_t>(weight.count()) * 8);
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) {
    upper_ = reinterpret_cast<int8_t*>(plan.address(memory, upper_buffer_));
    lower_ = reinterpret_cast<int8_t*>(plan.address(memory, lower_buffer_));
    sums_ = reinterpret_cast<int64_t*>(plan.address(memory, sums_buffer_));
  }

  // From the true maximum and the exponent of what becomes E2.
  void set_scale(uint64_t max, int exp) {
    const int t = quantize_shift(max, bits());
    set_unit(exp + t);
    shift_ = t + narrower();
  }
  // The exponent of the shift quantization, where what becomes E2 has an exponent of each image (exp + the shift of its maximum to bits(),
  // the largest over the images).
  int bits() const { return widths_.e2_bits(); }
  void set_unit(int exp) {
    unit_ = exp;
    exp_ = exp + (widths_.e2 > 8 ? widths_.e2_plane_shift() : 0);
  }
  // Of ops::ErrorQuantize: after set_scale(); after set_unit(), for what has the exponent exp.
  int shift() const { return shift_; }
  // Of 16 bits nothing is left from a shift of 24 on, and of the flag format's lower range, 2^7 times finer, from 31 on.
  int shift_from(int exp) const { return std::min(unit_ - exp, widths_.flag_e2 ? 31 : 24) + narrower(); }
  // Elements from `at` on.
  int8_t* upper(int64_t at) const { return upper_ + at; }
  ops::ErrorPlane plane(int64_t at) const {
    if (widths_.e2_planes() == 1) return {};
    const int64_t limit = std::min<int64_t>(quantize_limit(widths_.e2_bits()), kPlanesMax);
    return {lower_ + at, widths_.flag_e2, static_cast<int>(limit)};
  }
  // After quantization to dst = upper(at).
  void narrow(const ops::Kernels& kernels, int8_t* dst, int64_t count) const {
    if (widths_.e2 < 8) kernels.narrow_s8({dst, count, widths_.e2});
  }

  // Calls body(plane, its exponent), the upper plane first.
  template <class Body>
  void for_each_plane(const Body& body) const {
    body(upper_, exp_);
    if (widths_.e2_planes() == 2) body(lower_, exp_ - widths_.e2_plane_shift());
  }

  // Two planes as the one number that they are: within 127 * 2^8 + 127.
  void show(const LayerContext& context, const std::string& layer, int64_t elements) const {
    if (context.tensors == nullptr) return;
    if (widths_.e2_planes() == 1) return context.show(layer, TensorKind::kE2, static_cast<const int8_t*>(upper_), elements, exp_);
    std::array<int16_t, 4096> both;
    constexpr auto kChunk = static_cast<int64_t>(both.size());
    const int factor = 1 << widths_.e2_plane_shift();
    for (int64_t first = 0; first < elements; first += kChunk) {
      const int64_t count = std::min(kChunk, elements - first);
      for (int64_t i = 0; i < count; ++i)
        both[static_cast<size_t>(i)] = static_cast<int16_t>(upper_[first + i] * factor + lower_[first + i]);
      context.show(layer, TensorKind::kE2, both.data(), count, exp_ - widths_.e2_plane_shift());
    }
  }

  // weight.grad and its exponent.
  void backward_weights(const LayerContext& context, const ops::Conv2d& product, const Value& in, Parameter& weight,
                        uint8_t* workspace) const {
    product.backward_weights(context.pool, context.count, in.data, upper_, weight.grad.data(), workspace);
    weight.grad_exp = in.exp + exp_;
    if (widths_.e2_planes() == 1) return;
    product.backward_weights(context.pool, context.count, in.data, lower_, sums_, workspace);
    weight.grad_exp -= widths_.e2_plane_shift();
    constexpr int64_t kChunk = 1 << 15;
    const int64_t factor = int64_t{1} << widths_.e2_plane_shift();
    context.pool.run((weight.count() + kChunk - 1) / kChunk, [&](int64_t chunk, int) {
      // Each sum is below 2^24 pixels times 2^15: no product leaves s64.
      for (int64_t i = chunk * kChunk; i < std::min(weight.count(), (chunk + 1) * kChunk); ++i)
        weight.grad[static_cast<size_t>(i)] = weight.grad[static_cast<size_t>(i)] * factor + sums_[i];
    });
  }

  // bias.grad and its exponent: the sums over `rows` rows of as many errors as there are biases.
  void backward_bias(int64_t rows, Parameter& bias) const {
    const int64_t k = bias.count();
    std::fill(bias.grad.begin(), bias.grad.end(), 0);
    bias.grad_exp = exp_;
    for_each_plane([&](const int8_t* plane, int exp) {
      for (int64_t& g : bias.grad) g *= int64_t{1} << (bias.grad_exp - exp);
      for (int64_t i = 0; i < rows * k; ++i) bias.grad[static_cast<size_t>(i % k)] += plane[i];
      bias.grad_exp = exp;
    });
  }

  // Adds to E1 of the input, the planes as two contributions.
  void backward_data(const LayerContext& context, const ops::Conv2d& product, Value& in, const int8_t* weight8, int weight_exp,
                     uint8_t* workspace) const {
    for_each_plane([&](const int8_t* plane, int exp) {
      ErrorSink sink(context, in, exp + weight_exp, plane == lower_ || widths_.e2_planes() == 1);
      product.backward_data(context.pool, context.count, plane, weight8, sink, workspace);
      in.error->written = true;
    });
  }

 private:
  int narrower() const { return widths_.e2 < 8 ? 8 - widths_.e2 : 0; }

  Widths widths_;
  int upper_buffer_ = -1, lower_buffer_ = -1, sums_buffer_ = -1;
  int8_t *upper_ = nullptr, *lower_ = nullptr;
  int64_t* sums_ = nullptr;
  int shift_ = 0, unit_ = 0, exp_ = 0;
};

}  // namespace intrain
