// State that no training has left, but that fits its formats: numbers at their ends, in every array.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "nn/net.h"

namespace intrain::test {

// next(n): any number from 0 to n - 1. Then the parameters are quantized.
inline void forge_state(Net& net, const std::function<uint64_t(uint64_t)>& next) {
  for (const StateArray& a : net.state()) {
    const auto between = [&](int64_t least, int64_t most) {
      const uint64_t span = static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
      return static_cast<int64_t>(static_cast<uint64_t>(least) + next(span + 1));
    };
    const auto any = [&]() -> int64_t {
      switch (next(5)) {
        case 0:
          return a.least;
        case 1:
          return a.most;
        case 2:
          return std::clamp<int64_t>(static_cast<int64_t>(next(3)) - 1, a.least, a.most);
        default:
          return between(a.least, a.most);
      }
    };
    const bool same = next(2) == 0;
    const int64_t all = any();
    const auto fill = [&]<class Integer>(Integer* numbers) {
      for (int64_t i = 0; i < a.count; ++i) numbers[i] = static_cast<Integer>(same ? all : any());
    };
    if (a.type == ElementType::kS16) fill(static_cast<int16_t*>(a.data));
    if (a.type == ElementType::kS32) fill(static_cast<int32_t*>(a.data));
    if (a.type == ElementType::kS64) fill(static_cast<int64_t*>(a.data));
  }
  net.quantize_parameters();
}

}  // namespace intrain::test
