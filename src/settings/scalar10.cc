#include "settings/scalar10.h"

#include <algorithm>
#include <cmath>

namespace intrain {

Scalar10 to_scalar10(double value) {
  if (value == 0) return {};
  int exp = 0;
  const double fraction = std::frexp(value, &exp);  // [0.5, 1)
  int mantissa = static_cast<int>(std::nearbyint(fraction * 1024));
  if (mantissa == 1024) {
    mantissa = 512;
    ++exp;
  }
  return {mantissa, exp - 10};
}

Scalar10 to_fraction10(double value, int bits) {
  return {std::min((1 << bits) - 1, static_cast<int>(std::nearbyint(std::ldexp(value, bits)))), -bits};
}

}  // namespace intrain
