// A learned tensor: what is stored, what the operators use is derived from it by the layer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/api.h"
#include "base/initializer.h"

namespace intrain {

struct INTRAIN_API Parameter {
  std::string name;
  std::vector<int> shape;
  Initializer initializer = Initializer::kZero;
  int64_t fan = 1;
  int grad_bits = 8;          // of G: 8 for W, 16 for gamma, beta and bias
  bool grad_reduced = false;  // grad is summed over ranks already
  bool frozen = false;        // training leaves it as it is

  std::vector<int32_t> master;    // kMasterExp
  std::vector<int16_t> momentum;  // momentum_exp
  std::span<int64_t> grad;        // grad_exp: exact sums, in the net's planned memory; empty outside training
  uint32_t number = 0;            // in the net, for the random numbers
  int32_t momentum_exp = -64;
  int32_t grad_exp = 0;

  int64_t count() const {
    int64_t n = 1;
    for (int d : shape) n *= d;
    return n;
  }
  bool is_weight() const { return shape.size() > 1; }  // W, not gamma, beta or a bias
  // Takes the memory of master and, for training, of momentum.
  void allocate(bool training);
};

}  // namespace intrain
