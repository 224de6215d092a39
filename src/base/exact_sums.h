// The exact sums of a gradient: in s32 where a bound says that they fit, else in s64.
#pragma once

#include <cstdint>

namespace intrain {

struct ExactSums {
  int64_t* wide = nullptr;
  int32_t* narrow = nullptr;  // instead

  [[gnu::always_inline]] constexpr ExactSums() {}
  [[gnu::always_inline]] constexpr ExactSums(int64_t* sums) : wide(sums) {}
  [[gnu::always_inline]] constexpr ExactSums(int32_t* sums) : narrow(sums) {}

  // Calls f with the one that there is.
  template <class F>
  [[gnu::always_inline]] constexpr auto visit(const F& f) const {
    return narrow != nullptr ? f(narrow) : f(wide);
  }
  [[gnu::always_inline]] constexpr int64_t operator[](int64_t i) const { return narrow != nullptr ? narrow[i] : wide[i]; }
  // v must fit.
  [[gnu::always_inline]] constexpr void set(int64_t i, int64_t v) const {
    if (narrow != nullptr)
      narrow[i] = static_cast<int32_t>(v);
    else
      wide[i] = v;
  }
  // Those from element i on.
  [[gnu::always_inline]] constexpr ExactSums from(int64_t i) const {
    return narrow != nullptr ? ExactSums(narrow + i) : ExactSums(wide + i);
  }
};

}  // namespace intrain
