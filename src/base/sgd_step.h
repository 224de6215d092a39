// The numbers of one step of the optimizer.
#pragma once

#include <cstdint>

namespace intrain {

// mantissa * 2^exp, 0 <= mantissa < 1024.
struct Scalar10 {
  int32_t mantissa = 0;
  int32_t exp = 0;
};

// What a parameter does in its layer.
enum class ParameterRole {
  kWeight,  // W, which multiplies inputs
  kScale,   // gamma
  kBias,    // beta and biases, which are added
};

struct SgdStep {
  Scalar10 rate, mom, decay;
  uint64_t seed;
  uint32_t step;
  int momentum_bits = 16;      // 2..16
  int coarse = 0;              // W is stored in multiples of 2^coarse, 0..20
  bool nearest_grad = false;   // G to nearest, ties to even: known to the reference only
  int range_log2 = 0;          // above 0: WAGEUBN's optimizer instead, this is log2 of its dr (ops/sgd_momentum/wageubn.h)
  bool nesterov = false;       // of a momentum below 1: mom.exp <= -10
  bool decay_weights = false;  // only W of layers decays, not gamma, beta and biases
  int bias_rate_log2 = 0;      // the rate of beta and biases is rate 2^bias_rate_log2, 0..16
};

}  // namespace intrain
