// Small float oracles: what the integer primitives must agree with.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace intrain::test {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// v * 2^e rounded to the nearest integer, ties to even. long double holds every int64 exactly here (64-bit mantissa or more), and
// the default rounding mode of nearbyint is ties to even.
inline long double round_pow2(int64_t v, int e) { return std::nearbyint(std::ldexp(static_cast<long double>(v), e)); }

inline double clip(double v, double lo, double hi) { return v < lo ? lo : v > hi ? hi : v; }

template <class T>
std::vector<double> to_real(std::span<T> v, int exponent) {
  std::vector<double> r(v.size());
  for (size_t i = 0; i < v.size(); ++i) r[i] = std::ldexp(static_cast<double>(v[i]), exponent);
  return r;
}
template <class T>
std::vector<double> to_real(const std::vector<T>& v, int exponent) {
  return to_real(std::span(v), exponent);
}

inline double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return ab / std::sqrt(aa * bb);
}

}  // namespace intrain::test
