// What a parameter starts from; ops/initialize draws it.
#pragma once

namespace intrain {

enum class Initializer {
  kHeNormal,         // standard deviation sqrt(2 / fan); sum of 12 uniform numbers
  kTruncatedNormal,  // standard deviation 1 / sqrt(fan), within two of them
  kUniform,          // in +-1 / sqrt(fan)
  kOne,
  kZero,
};

}  // namespace intrain
