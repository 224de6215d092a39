// Settings as the numbers of 10 bits that the optimizer computes with. One of the few places with floating point: once before training.
#pragma once

#include "base/api.h"
#include "base/sgd_step.h"

namespace intrain {

// The nearest mantissa * 2^exp with a mantissa in [512, 1023], ties to even; 0 for 0. value >= 0 and finite.
INTRAIN_API Scalar10 to_scalar10(double value);
// round(value * 2^bits) * 2^-bits, at most 1 - 2^-bits: the momentum. 0 <= value < 1, bits <= 10.
INTRAIN_API Scalar10 to_fraction10(double value, int bits = 10);

}  // namespace intrain
