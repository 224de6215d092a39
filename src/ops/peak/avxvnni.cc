// The VEX form of vpdpbusd, as the register tile: 32 products an instruction. 12 accumulators cover the latency.
// In assembly: a compiler sees that all products are equal.
#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops::avxvnni {
namespace {

constexpr int kAccumulators = 12;

}  // namespace

static uint32_t peak_multiply(const PeakArgs& p) {
  __m256i acc[kAccumulators];
#pragma GCC unroll 12
  for (int r = 0; r < kAccumulators; ++r) acc[r] = _mm256_setzero_si256();
  const __m256i a = _mm256_set1_epi8(static_cast<int8_t>(p.a));
  const __m256i b = _mm256_set1_epi8(p.b);
  for (int64_t i = 0; i < p.iterations; ++i) {
#pragma GCC unroll 12
    for (int r = 0; r < kAccumulators; ++r) asm volatile("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc[r]) : "x"(a), "x"(b));
  }
  __m256i total = acc[0];
#pragma GCC unroll 12
  for (int r = 1; r < kAccumulators; ++r) total = _mm256_add_epi32(total, acc[r]);
  uint32_t lanes[8], sum = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), total);
  for (uint32_t lane : lanes) sum += lane;
  return sum;
}

extern const PeakKernel kPeak;
const PeakKernel kPeak = {"vpdpbusd, ymm", kAccumulators * 32, peak_multiply};

}  // namespace intrain::ops::avxvnni
