// E2, the error that a layer's two products of the backward pass take: one s8 tensor, or two planes (ops/split_error.h), whose products are
// formed one after the other and added.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "nn/backward_sink.h"
#include "nn/layer.h"
#include "ops/error/product_error.h"

namespace intrain {

class ProductError {
 public:
  // `elements` of all images; `weight` the layer's W, whose gradient is of `product`.
  void plan(LayerPlan& plan, const std::string& layer, const Widths& widths, size_t elements, const ops::Conv2d& product,
            Parameter& weight) {
    widths_ = widths;
    upper_buffer_ = plan.backward_buffer(layer + ".e2", elements);
    weight.fits_s32 = widths.e2_planes() == 1 && product.weight_sums_fit_s32();
    if (widths.e2_planes() == 1) return;
    lower_buffer_ = plan.backward_buffer(layer + ".e2_low", elements);
    if (!weight.frozen) sums_buffer_ = plan.backward_buffer(layer + ".plane_gradient", static_cast<size_t>(weight.count()) * 8);
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) {
    upper_ = reinterpret_cast<int8_t*>(plan.address(memory, upper_buffer_));
    lower_ = reinterpret_cast<int8_t*>(plan.address(memory, lower_buffer_));
    sums_ = reinterpret_cast<int64_t*>(plan.address(memory, sums_buffer_));
  }

  // Of what becomes E2: its true maximum and exponent; or the unit where each image has an exponent (ops::product_unit over all ranks).
  void set_scale(uint64_t max, int exp) { scale_ = ops::product_scale(max, exp, widths_); }
  void set_unit(int64_t unit) { scale_ = ops::product_scale_of(unit, widths_); }
  // Of ops::ErrorQuantize: after set_scale(); after set_unit(), of an image.
  int shift() const { return scale_.shift; }
  int shift_of(int exp, int32_t max) const { return ops::product_shift(scale_, exp, max, widths_); }
  // Elements from `at` on.
  int8_t* upper(int64_t at) const { return upper_ + at; }
  ops::ErrorPlane plane(int64_t at) const {
    if (widths_.e2_planes() == 1) return {};
    return {lower_ + at, widths_.flag_e2, ops::plane_limit(widths_)};
  }
  // After quantization to dst = upper(at).
  void narrow(const ops::Kernels& kernels, int8_t* dst, int64_t count) const {
    if (widths_.e2 < 8) kernels.narrow_s8({dst, count, widths_.e2});
  }

  // Two planes as the one number that they are: within 127 * 2^8 + 127.
  void show(const LayerContext& context, const std::string& layer, int64_t elements) const {
    if (context.tensors == nullptr) return;
    if (widths_.e2_planes() == 1)
      return context.show(layer, TensorKind::kE2, static_cast<const int8_t*>(upper_), elements, scale_.exp);
    std::array<int16_t, 4096> both;
    constexpr auto kChunk = static_cast<int64_t>(both.size());
    for (int64_t first = 0; first < elements; first += kChunk) {
      const int64_t count = std::min(kChunk, elements - first);
      ops::merge_planes(upper_ + first, lower_ + first, count, widths_, both.data());
      context.show(layer, TensorKind::kE2, both.data(), count, lower_exp());
    }
  }

  // weight.grad, its exponent, and its maximum where it is of one product.
  void backward_weights(const LayerContext& context, const ops::Conv2d& product, const Value& in, Parameter& weight,
                        uint8_t* workspace) const {
    weight.grad_max = product.backward_weights(context.pool, context.count, in.data, upper_, weight.sums(), workspace);
    weight.grad_exp = in.exp + last_exp();
    if (widths_.e2_planes() == 1) return;
    weight.grad_max = {};
    product.backward_weights(context.pool, context.count, in.data, lower_, sums_, workspace);
    constexpr int64_t kChunk = 1 << 15;
    context.pool.run((weight.count() + kChunk - 1) / kChunk, [&](int64_t chunk, int) {
      ops::add_plane_sums(weight.grad.data(), sums_, chunk * kChunk, std::min(weight.count(), (chunk + 1) * kChunk), widths_);
    });
  }

  // bias.grad and its exponent: the sums over `rows` rows of as many errors as there are biases.
  void backward_bias(int64_t rows, Parameter& bias) const {
    ops::bias_gradient(upper_, widths_.e2_planes() == 2 ? lower_ : nullptr, rows, bias.count(), widths_, bias.grad.data());
    bias.grad_exp = last_exp();
  }

  // Adds to E1 of the input, the planes as two contributions.
  void backward_data(const LayerContext& context, const ops::Conv2d& product, Value& in, const int8_t* weight8, int weight_exp,
                     uint8_t* workspace) const {
    const auto add = [&](const int8_t* plane, int exp, bool last) {
      ErrorSink sink(context, in, exp + weight_exp, last);
      product.backward_data(context.pool, context.count, plane, weight8, sink, workspace);
      in.error->written = true;
    };
    const bool two = widths_.e2_planes() == 2;
    add(upper_, scale_.exp, !two);
    if (two) add(lower_, lower_exp(), true);
  }

 private:
  int lower_exp() const { return ops::lower_plane_exp(scale_.exp, widths_); }
  int last_exp() const { return widths_.e2_planes() == 2 ? lower_exp() : scale_.exp; }

  Widths widths_;
  int upper_buffer_ = -1, lower_buffer_ = -1, sums_buffer_ = -1;
  int8_t *upper_ = nullptr, *lower_ = nullptr;
  int64_t* sums_ = nullptr;
  ops::ProductScale scale_{};
};

}  // namespace intrain
