// vpdpbusd, as the register tile: 64 products an instruction. 12 accumulators cover the latency.
// In assembly: a compiler sees that all products are equal.
#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops::avx512vnni {
namespace {

constexpr int kAccumulators = 12;

}  // namespace

static uint32_t peak_multiply(const PeakArgs& p) {
  __m512i acc[kAccumulators];
#pragma GCC unroll 12
  for (int r = 0; r < kAccumulators; ++r) acc[r] = _mm512_setzero_si512();
  const __m512i a = _mm512_set1_epi8(static_cast<int8_t>(p.a));
  const __m512i b = _mm512_set1_epi8(p.b);
  for (int64_t i = 0; i < p.iterations; ++i) {
#pragma GCC unroll 12
    for (int r = 0; r < kAccumulators; ++r) asm volatile("vpdpbusd %2, %1, %0" : "+v"(acc[r]) : "v"(a), "v"(b));
  }
  __m512i total = acc[0];
#pragma GCC unroll 12
  for (int r = 1; r < kAccumulators; ++r) total = _mm512_add_epi32(total, acc[r]);
  uint32_t lanes[16], sum = 0;
  _mm512_storeu_si512(lanes, total);
  for (uint32_t lane : lanes) sum += lane;
  return sum;
}

extern const PeakKernel kPeak;
const PeakKernel kPeak = {"vpdpbusd, zmm", kAccumulators * 64, peak_multiply};

}  // namespace intrain::ops::avx512vnni
