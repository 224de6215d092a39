// The peak of an ISA's register tile (gemm/tile.h): its dot over registers.
#pragma once

#include <cstdint>

#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops {

constexpr int kPeakAccumulators = 12;  // they cover the latency

template <class V>
static uint32_t peak_multiply(const PeakArgs& p) {
  using Element = typename V::Element;
  Element a_elements[V::kDepth], b_elements[V::kDepth];
  for (Element& e : a_elements) e = p.a;
  for (Element& e : b_elements) e = static_cast<Element>(p.b);
  typename V::Register a = V::broadcast(a_elements);
  const typename V::Register b = V::broadcast(b_elements);
  alignas(64) int32_t lanes[V::kLanes] = {};
  typename V::Register acc[kPeakAccumulators];
#pragma GCC unroll 12
  for (int r = 0; r < kPeakAccumulators; ++r) acc[r] = V::load(lanes);
  for (int64_t i = 0; i < p.iterations; ++i) {
#pragma GCC unroll 12
    for (int r = 0; r < kPeakAccumulators; ++r) {
      hide(a);  // a compiler sees that all products are equal
      acc[r] = V::dot(acc[r], a, b);
    }
  }
  uint32_t sum = 0;
#pragma GCC unroll 12
  for (int r = 0; r < kPeakAccumulators; ++r) {
    hide(acc[r]);  // g++ 12 would move the sums about in the loop
    V::store(lanes, acc[r]);
    for (const int32_t lane : lanes) sum += static_cast<uint32_t>(lane);
  }
  return sum;
}

template <class V>
static constexpr PeakKernel peak_kernel(const char* name) {
  return {name, kPeakAccumulators * V::kLanes * V::kDepth, &peak_multiply<V>};
}

}  // namespace intrain::ops
