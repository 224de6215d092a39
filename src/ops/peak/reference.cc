#include <cstring>

#include "ops/peak/peak.h"

namespace intrain::ops {
namespace {

constexpr int kBytes = 4096;

}  // namespace

uint32_t peak_multiply_reference(const PeakArgs& p) {
  uint8_t a[kBytes];
  int8_t b[kBytes];
  std::memset(a, p.a, sizeof a);
  std::memset(b, p.b, sizeof b);
  uint32_t sum = 0;
  for (int64_t i = 0; i < p.iterations; ++i) {
    asm volatile("" : : "r"(a), "r"(b) : "memory");  // the same sum each time, which a compiler would see
    int32_t dot = 0;
    for (int j = 0; j < kBytes; ++j) dot += int32_t{a[j]} * int32_t{b[j]};
    sum += static_cast<uint32_t>(dot);
  }
  return sum;
}

const PeakKernel kPeakReference = {"plain loop", kBytes, peak_multiply_reference};

}  // namespace intrain::ops
