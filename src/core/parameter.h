// A learned tensor: what is stored, what the operators use is derived from it by the layer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/exact_sums.h"
#include "base/initializer.h"
#include "base/sgd_step.h"

namespace intrain {

struct INTRAIN_API Parameter {
  std::string name;
  std::vector<int> shape;
  Initializer initializer = Initializer::kZero;
  int64_t fan = 1;
  int grad_bits = 8;          // of G: 8 for W, 16 for gamma, beta and bias
  bool grad_reduced = false;  // grad is summed over ranks already
  bool fits_s32 = false;      // |grad| <= 2^30
  // Training leaves it as it is, and takes neither momentum nor gradient for it: before Net::prepare(). What is frozen later is left alone too, in
  // memory that is taken all the same.
  bool frozen = false;

  // In the net's planned memory, empty before Net::prepare().
  std::span<int32_t> master;    // kMasterExp
  std::span<int16_t> momentum;  // momentum_exp; empty outside training, if frozen, and without momentum
  std::span<int32_t> average;   // kMasterExp; empty outside training, if frozen, and unless the net keeps one (Net::keep_average)
  std::span<int64_t> grad;      // grad_exp: exact sums; likewise, and below the lowest layer that learns
  std::span<int32_t> grad32;    // instead of grad, if fits_s32, unless ranks add to it or the net keeps it (Net::keep_gradients)
  // On several ranks, unless it is reduced already: where it is packed for them, kWireBytes an element (optim/gradient_exchange.h).
  std::span<uint8_t> wire;
  static constexpr int kWireBytes = 4;
  // max |grad|, where whoever completed it knows; whoever changes it later forgets it.
  std::optional<uint64_t> grad_max;
  // max |master|, from an update to Net::quantize_updated().
  std::optional<uint32_t> master_max;
  uint32_t number = 0;  // in the net, for the random numbers
  int32_t momentum_exp = -64;
  int32_t grad_exp = 0;

  int64_t count() const {
    int64_t n = 1;
    for (int d : shape) n *= d;
    return n;
  }
  ParameterRole role() const {
    return shape.size() > 1                   ? ParameterRole::kWeight
           : initializer == Initializer::kOne ? ParameterRole::kScale
                                              : ParameterRole::kBias;
  }
  bool is_weight() const { return role() == ParameterRole::kWeight; }
  // A backward pass gives it a gradient.
  bool learns() const { return !frozen && grad.size() + grad32.size() > 0; }
  ExactSums sums() const { return grad32.empty() ? ExactSums(grad.data()) : ExactSums(grad32.data()); }
};

}  // namespace intrain
